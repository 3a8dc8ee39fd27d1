-- Locks the next $2 chunks of tenant $1 that no export has and that are not being deleted, in id order.
select c.id
from sluice.chunk c
where c.tenant = $1 and c.state in ('due', 'sent', 'running', 'done', 'failed')
  and not exists (select from sluice.link l where l.chunk_id = c.id)
order by c.id
limit $2
for update of c
