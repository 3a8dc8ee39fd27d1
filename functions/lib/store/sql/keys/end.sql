-- Lets key $1 of sluice.api_key expire in $2 seconds, unless it expires earlier.
update sluice.api_key
set expires_at = least(expires_at, clock_timestamp() + $2::bigint * interval '1 second')
where id = $1
returning sluice.micros(expires_at) as ends
