-- Locks export $1 if it is live and may be ended: by its owner ($2), or because its deadline is over and nothing is
-- paused.
select from sluice.export e
where e.id = $1 and e.status in ('queued', 'running')
  and ($2 or (e.deadline_at < clock_timestamp() and not exists (select from sluice.setting where name = 'paused_at')))
for no key update of e
