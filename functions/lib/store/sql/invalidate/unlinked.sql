-- Those of chunks $1 that no export has are released, with their files.
with gone as (
    update sluice.chunk c
    set state = 'dying', reusable = false, keep_until = null, ended_at = clock_timestamp(), lease_until = null
    where c.id = any ($1) and c.state in ('running', 'done')
      and not exists (select from sluice.link l where l.chunk_id = c.id)
    returning c.id, c.attempt
)
update sluice.attempt a set outcome = 'canceled', ended_at = clock_timestamp()
from gone where a.chunk_id = gone.id and a.number = gone.attempt and a.outcome is null
