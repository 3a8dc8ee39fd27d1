-- Makes the delivery of export $1 due at once, because the time of attempt $2 is over.
update sluice.delivery
set state = 'due', due_at = clock_timestamp(), sent_at = null, lease_until = null
where export_id = $1 and attempt = $2 and state = 'running'
