-- Records that attempt $2 of chunk $1 reads at $3 (microseconds), and whether all its rows are settled then ($4), by
-- the horizon $5 (null: unknown). The back-off is deleted first, since its row is locked before a chunk row, as
-- everywhere. Reading proves nothing about the bucket.
with over as (
    delete from sluice.back_off where until <= clock_timestamp() and signal not like 'storage%' returning 1
)
update sluice.chunk set as_of = sluice.from_micros($3), reusable = $4, horizon = sluice.from_micros($5)
where id = $1 and attempt = $2::bigint and state = 'running' and (select count(*) from over) >= 0
returning (select count(*) from over) > 0 as resumed
