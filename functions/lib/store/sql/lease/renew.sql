-- Renews the lease of attempt $2 of chunk $1 for $3 seconds.
update sluice.chunk
set renewed_at = clock_timestamp(), lease_until = clock_timestamp() + $3::bigint * interval '1 second'
where id = $1 and attempt = $2::bigint and state = 'running'
