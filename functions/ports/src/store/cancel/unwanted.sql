-- Those of chunks $1 that no link wants any more will not be read; an attempt that runs stops at its
-- next renewal, since it is fenced by the state.
with unwanted as (
    update sluice.chunk c
    set state = 'dying', ended_at = clock_timestamp(), lease_until = null, reusable = false
    where c.id = any ($1::text[]::uuid[]) and c.state in ('due', 'sent', 'running')
      and not exists (select from sluice.link l where l.chunk_id = c.id)
    returning c.id, c.attempt
)
update sluice.attempt a set outcome = 'canceled', ended_at = clock_timestamp()
from unwanted u where a.chunk_id = u.id and a.number = u.attempt and a.outcome is null
