-- Locks export $1 if it has ended.
select tenant from sluice.export
where id = $1 and status not in ('queued', 'running')
for no key update
