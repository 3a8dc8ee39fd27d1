-- Finds those of exports $1 that are live and have no open link.
select e.id
from sluice.export e
where e.id = any ($1) and e.status in ('queued', 'running')
  and not exists (select from sluice.link l where l.export_id = e.id and l.open)
