-- Reads what keeper $1 must do, as long as it has its lease: whether it holds the snapshot, whether an export still needs
-- the cut, whether the cut is held for too long, and whether a later keeper is on its way. `relay_secs` is a setting of
-- tests.
select c.holder is not distinct from k.id as holds,
       exists (select from sluice.export e
               where e.cut = c.id and e.cut_state = 'in' and e.status in ('queued', 'running')
                 and sluice.has_open_link(e.id)) as wanted,
       coalesce(c.opened_at + sluice.max_cut() < clock_timestamp(), false) as too_long,
       exists (select from sluice.keeper n where n.cut = k.cut and n.number > k.number and n.state <> 'ended') as relieved,
       (select s.value::bigint from sluice.setting s where s.name = 'relay_secs') as relay_secs
from sluice.keeper k join sluice.cut c on c.id = k.cut
where k.id = $1 and k.state = 'running'
