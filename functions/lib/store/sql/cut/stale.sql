-- Active exports that must restart, with the number of cuts that were lost under them and the last reason.
select e.id, e.cut_losses, c.reason
from sluice.export e join sluice.export_turn t on t.export_id = e.id left join sluice.cut c on c.id = e.cut
where e.cut_state = 'stale' and e.status in ('queued', 'running') and sluice.has_open_link(e.id)
order by e.id
