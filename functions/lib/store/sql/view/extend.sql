-- Extends the retention of export $1 of tenant $2, if it has ended, counted from now.
update sluice.export
set expires_at = greatest(expires_at, clock_timestamp() + sluice.retention())
where id = $1 and tenant = $2 and status in ('succeeded', 'failed', 'canceled')
