-- Locks chunk $1 if attempt $2 of it runs.
select failures from sluice.chunk
where id = $1 and attempt = $2::bigint and state = 'running'
for update
