-- Selections that are read in cut $1.
select s.body
from sluice.selection s
where s.fingerprint in (
    select c.fingerprint
    from sluice.export e join sluice.link l on l.export_id = e.id join sluice.chunk c on c.id = l.chunk_id
    where e.cut = $1 and e.cut_state = 'in' and e.status in ('queued', 'running') and c.in_cut)
order by s.fingerprint
