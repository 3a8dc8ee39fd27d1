-- Locks export $1 if it is live.
select from sluice.export
where id = $1 and status in ('queued', 'running')
for no key update
