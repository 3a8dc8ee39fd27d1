-- Requests the next keeper of the cut that keeper $1 holds, unless one is on its way.
insert into sluice.keeper (id, cut, number)
select gen_random_uuid(), k.cut, (select max(n.number) + 1 from sluice.keeper n where n.cut = k.cut)
from sluice.keeper k join sluice.cut c on c.id = k.cut
where k.id = $1 and k.state = 'running' and c.state = 'open' and c.holder = k.id
  and not exists (select from sluice.keeper n where n.cut = k.cut and n.number > k.number and n.state <> 'ended')
