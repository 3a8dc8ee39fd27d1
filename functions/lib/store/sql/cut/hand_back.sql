-- Attempt $2 of chunk $1 could not import the snapshot of its cut: the chunk is due again and charged with nothing.
update sluice.chunk
set state = 'due', due_at = clock_timestamp(), lease_until = null, reusable = false, as_of = null
where id = $1 and attempt = $2::bigint and state = 'running'
