-- Locks all chunks of export $1, in id order.
select c.id::text
from sluice.link l join sluice.chunk c on c.id = l.chunk_id
where l.export_id = $1::text::uuid
order by c.id
for update of c
