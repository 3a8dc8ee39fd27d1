-- Lists all receivers, with the number of events that wait and of those that failed.
select r.id, r.tenant, r.name, r.kind, r.address, r.types, sluice.micros(r.created_at) as created, sluice.micros(r.accepted_at) as accepted,
       sluice.micros(r.disabled_at) as disabled, r.disabled_reason,
       (select count(*) from sluice.notice n where n.receiver_id = r.id and n.state in ('due', 'sent')) as waiting,
       (select count(*) from sluice.notice n where n.receiver_id = r.id and n.state = 'failed') as failed
from sluice.receiver r
order by r.tenant nulls first, r.name
