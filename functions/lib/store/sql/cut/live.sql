-- The cut that is live, with the number of exports in it; and the number of exports that wait for one. At most one row.
select c.state, sluice.micros(c.as_of) as as_of, sluice.micros(c.opened_at) as opened,
       (select count(*) from sluice.export e where e.cut = c.id and e.cut_state = 'in' and e.status in ('queued', 'running')) as exports
from sluice.cut c
where c.state in ('opening', 'open')
