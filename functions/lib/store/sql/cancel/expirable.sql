-- Locks export $1 if it has ended and its retention is over.
select tenant from sluice.export
where id = $1 and status in ('succeeded', 'failed', 'canceled') and expires_at < clock_timestamp()
for no key update
