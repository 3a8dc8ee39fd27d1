-- Finds the file named $3 of export $1 of tenant $2.
select c.id, c.attempt, c.bytes, c.sha256, s.body as selection, e.status, sluice.micros(e.expires_at) as expires
from sluice.export e
join sluice.link l on l.export_id = e.id
join sluice.chunk c on c.id = l.chunk_id
join sluice.selection s on s.fingerprint = c.fingerprint
where e.id = $1 and e.tenant = $2 and l.name = $3 and c.state = 'done' and c.sha256 is not null
