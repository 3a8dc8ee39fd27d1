-- Reads the status of export $1 of tenant $2, when its files are deleted, and whether it is past its deadline.
select e.status, sluice.micros(e.expires_at) as expires, sluice.overdue(e) as overdue
from sluice.export e
where e.id = $1 and e.tenant = $2
