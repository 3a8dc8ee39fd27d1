-- Exports in cut $1 that have something left to read.
select e.id
from sluice.export e
where e.cut = $1 and e.cut_state = 'in' and e.status in ('queued', 'running') and sluice.has_open_link(e.id)
order by e.id
