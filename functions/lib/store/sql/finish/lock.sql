-- Locks export $1 if it is live, and reads what its manifest contains besides chunks.
select e.tenant, e.revision, e.edition, e.request, e.heads, sluice.micros(e.accepted_at) as accepted,
       sluice.micros(c.as_of) as cut_as_of, c.lsn as cut_lsn
from sluice.export e left join sluice.cut c on c.id = e.cut and e.cut_state is not null
where e.id = $1 and e.status in ('queued', 'running')
for no key update of e
