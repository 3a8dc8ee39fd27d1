-- Locks the row of tenant $1 for the rest of the transaction, or fails at once if another transaction holds it, so
-- that the caller waits without a session.
select sluice.micros(clock_timestamp()) as now
from sluice.tenant
where id = $1
for no key update nowait
