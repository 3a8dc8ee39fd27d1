-- Ends keeper $1, and its cut if it holds the snapshot or was to take it. Returns the cut if it has ended; $2 is a reason
-- (null: it was not needed any more), $3 the seconds for which no other cut departs (null: none).
with ended as (
    update sluice.keeper set state = 'ended', lease_until = null
    where id = $1 and state = 'running'
    returning id, cut
)
update sluice.cut c
set state = 'ended', ended_at = clock_timestamp(), reason = $2,
    next_at = clock_timestamp() + $3::bigint * interval '1 second'
from ended k
where c.id = k.cut and (c.state = 'opening' or c.state = 'open' and c.holder = k.id)
returning c.id
