-- Reads the limits of live exports and of the day, and whether tenant $1 has reached them. Its row is locked by the caller.
select l.is_full, l.max_active, l.max_queued, l.used_up, l.max_per_day, l.day_ends_secs
from sluice.limits_of($1) l
