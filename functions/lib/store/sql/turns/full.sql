-- Reads the limits of live exports, and whether tenant $1 has reached them. Its row is locked by the caller.
select sluice.is_full($1) as is_full, sluice.max_active() as max_active, sluice.max_queued() as max_queued
