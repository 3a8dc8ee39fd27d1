-- All active exports that wait for a cut travel in cut $1, as long as its keeper $2 has its lease.
update sluice.export e set cut = $1, cut_state = 'in'
from (
    select x.id
    from sluice.export x join sluice.export_turn t on t.export_id = x.id
    where x.cut_state = 'waiting' and x.status in ('queued', 'running')
    order by x.id
    for no key update of x
) w
where e.id = w.id and exists (select from sluice.keeper k where k.id = $2 and k.state = 'running')
returning e.id
