-- Ends the delivery of export $1 by attempt $2: $3 files with $4 bytes are at the destination, the manifest at $5.
update sluice.delivery
set state = 'delivered', delivered_at = clock_timestamp(), due_at = null, sent_at = null, lease_until = null,
    files_done = $3, files_total = $3, bytes_done = $4, manifest = $5, errors = '[]'
where export_id = $1 and attempt = $2 and state = 'running'
