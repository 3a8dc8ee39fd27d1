-- Requests a probe of destination $1. No row if there is none.
update sluice.destination
set probe_requested_at = clock_timestamp(), probed_at = null, probe_failure = null
where name = $1
