-- Locks the chunks of the selections $1 that a catalog could change, in id order.
select c.id
from sluice.chunk c
where c.fingerprint = any ($1) and c.state in ('due', 'sent', 'running', 'done')
order by c.id
for update of c
