-- The next $1 chunks that may be unused: those whose time for reuse is over, and failed ones without a link. Rows
-- locked by other transactions are left for the next time, so nothing waits here.
select c.id
from sluice.chunk c
where c.id in (
    (select k.id from sluice.chunk k
     where k.state in ('done', 'failed') and k.keep_until < clock_timestamp() order by k.keep_until limit $1)
    union all
    (select f.id from sluice.chunk f
     where f.state = 'failed' and not exists (select from sluice.link l where l.chunk_id = f.id) limit $1)
)
order by c.id
limit $1
for update of c skip locked
