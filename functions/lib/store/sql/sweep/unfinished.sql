-- Lists live exports without any open link, $1 at most.
select e.id
from sluice.export e
where e.status in ('queued', 'running')
  and (select l.open from sluice.link l
       where l.export_id = e.id and l.open order by l.ordinal + 0 desc limit 1) is null
order by e.accepted_at
limit $1
