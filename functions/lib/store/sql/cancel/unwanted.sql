-- Those of chunks $1 that have no link left are not read. A running attempt stops at its next renewal, since it is
-- fenced by the state. A chunk that was never leased has no objects, so its row is deleted at once.
with never_read as (
    delete from sluice.chunk c
    where c.id = any ($1) and c.state in ('due', 'sent') and c.attempt = 0
      and not exists (select from sluice.link l where l.chunk_id = c.id)
), unwanted as (
    update sluice.chunk c
    set state = 'dying', ended_at = clock_timestamp(), lease_until = null, reusable = false
    where c.id = any ($1)
      and (c.state = 'running' or (c.state in ('due', 'sent') and c.attempt > 0))
      and not exists (select from sluice.link l where l.chunk_id = c.id)
    returning c.id, c.attempt
)
update sluice.attempt a set outcome = 'canceled', ended_at = clock_timestamp()
from unwanted u where a.chunk_id = u.id and a.number = u.attempt and a.outcome is null
