-- Reads the reason why export $1 of tenant $2 no longer has the file named $3.
select m.failure ->> 'message' as message
from sluice.export e join sluice.missing m on m.export_id = e.id
where e.id = $1 and e.tenant = $2 and m.name = $3
