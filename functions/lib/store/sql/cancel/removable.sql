-- Locks export $1 if it is canceled.
select tenant from sluice.export
where id = $1 and status = 'canceled'
for no key update
