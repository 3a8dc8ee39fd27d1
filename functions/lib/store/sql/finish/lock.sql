-- Locks export $1 if it is live, and reads what its manifest contains besides chunks.
select e.tenant, e.revision, e.edition, e.request, e.heads, sluice.micros(e.accepted_at) as accepted
from sluice.export e
where e.id = $1 and e.status in ('queued', 'running')
for no key update of e
