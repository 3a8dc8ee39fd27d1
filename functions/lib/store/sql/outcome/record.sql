-- Records the file of attempt $2 of chunk $1: $3 rows, $4 bytes, $5 bytes of the source, $6 hash (null: no object).
-- A written object shows that a back-off of the bucket is over. The back-off is deleted first, since its row is
-- locked before a chunk row, as everywhere.
with over as (
    delete from sluice.back_off
    where until <= clock_timestamp() and signal like 'storage%' and $6::text is not null
    returning 1
)
update sluice.chunk
set state = 'done', rows = $3, bytes = $4, source_bytes = $5, sha256 = $6, failure = null, lease_until = null,
    ended_at = clock_timestamp(), keep_until = case when reusable then clock_timestamp() + sluice.reuse_for() end
where id = $1 and attempt = $2::bigint and state = 'running' and (select count(*) from over) >= 0
