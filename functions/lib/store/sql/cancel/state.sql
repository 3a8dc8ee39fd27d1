-- Reports whether export $1 of tenant $2 is live, and whether it is past its deadline.
select e.status in ('queued', 'running') as live, sluice.overdue(e) as overdue
from sluice.export e
where e.id = $1 and e.tenant = $2
