-- Lists live exports past their deadline, $1 at most; none while paused.
select id
from sluice.export
where status in ('queued', 'running') and deadline_at < clock_timestamp()
  and not exists (select from sluice.setting where name = 'paused_at')
order by deadline_at
limit $1
