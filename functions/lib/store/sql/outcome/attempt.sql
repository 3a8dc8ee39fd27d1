-- Ends attempt $2 of chunk $1: $3 outcome, $4 failure (null: none), $5 usage.
update sluice.attempt
set outcome = $3, ended_at = clock_timestamp(), failure = $4, usage = $5
where chunk_id = $1 and number = $2::bigint
