-- Finds the dataset whose estimates were tried longest ago, at least $1 seconds. Finds none while a chunk is sent or
-- running, all is paused, or a back-off holds.
select e.dataset, e.body, c.revision, c.body -> 'datasets' -> e.dataset as definition
from sluice.estimate e, (select revision, body from sluice.catalog order by applied_at desc limit 1) c
where e.tried_at < clock_timestamp() - $1::bigint * interval '1 second' and c.body -> 'datasets' ? e.dataset
  and not exists (select from sluice.chunk where state in ('sent', 'running'))
  and not exists (select from sluice.setting where name = 'paused_at')
  and not exists (select from sluice.back_off where until > clock_timestamp())
order by e.tried_at, e.dataset
limit 1
