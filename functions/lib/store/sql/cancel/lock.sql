-- Locks all chunks of export $1, in id order.
select c.id
from sluice.link l join sluice.chunk c on c.id = l.chunk_id
where l.export_id = $1
order by c.id
for update of c
