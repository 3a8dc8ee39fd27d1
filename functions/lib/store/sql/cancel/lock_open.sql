-- Locks the chunks of export $1 whose links are open, in id order.
select c.id
from sluice.link l join sluice.chunk c on c.id = l.chunk_id
where l.export_id = $1 and l.open
order by c.id
for update of c
