-- Finds chunk $1 if attempt $2 has recorded a file with hash $3 (null: no object).
select from sluice.chunk
where id = $1 and attempt = $2::bigint and state = 'done' and sha256 is not distinct from $3
