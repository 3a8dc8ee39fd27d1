-- Lists the last $2 events for receiver $1, newest first.
select e.id, e.type, e.export_id, sluice.micros(e.at) as at, n.state, n.attempt, n.status, n.failure, sluice.micros(n.tried_at) as tried,
       case when n.state = 'due' then sluice.micros(n.due_at) end as next
from sluice.notice n join sluice.event e on e.id = n.event_id
where n.receiver_id = $1
order by n.number desc
limit $2
