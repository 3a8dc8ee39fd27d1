-- Notes the result of a probe of destination $1: failure $2, null if it succeeded.
update sluice.destination set probe_requested_at = null, probed_at = clock_timestamp(), probe_failure = $2 where name = $1
