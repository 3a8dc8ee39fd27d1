-- Notes what attempt $2 of the delivery of export $1 has copied, $3 files of $4 with $5 bytes, and renews its lease for $6
-- seconds. No row if the attempt is over.
update sluice.delivery
set files_done = $3, files_total = $4, bytes_done = $5, lease_until = clock_timestamp() + $6::bigint * interval '1 second'
where export_id = $1 and attempt = $2 and state = 'running'
