-- Renews the lease of keeper $1 for $2 seconds.
update sluice.keeper
set renewed_at = clock_timestamp(), lease_until = clock_timestamp() + $2::bigint * interval '1 second'
where id = $1 and state = 'running'
