-- The limits of tenant $1 and what it uses of them. One row. An export counts as active from its turn on, before its
-- first chunk has started. A limit per day of 0 is none.
select l.max_active, l.max_queued, greatest(l.kept_exports, 0) as kept_exports,
       greatest(l.kept_bytes, 0) as kept_bytes, greatest(l.kept_chunks, 0) as kept_chunks,
       l.max_kept_exports, l.max_kept_bytes, l.max_kept_chunks, l.max_chunks_per_minute,
       live.active, live.queued, extract(epoch from sluice.retention())::bigint as retention_secs,
       today.rows_used, sluice.max_rows_per_day() as max_rows,
       today.bytes_used / 1048576 as megabytes_used, sluice.max_megabytes_per_day() as max_megabytes,
       today.ms_used / 1000 as seconds_used, sluice.max_database_seconds_per_day() as max_seconds,
       sluice.micros((sluice.today() + 1)::timestamp at time zone 'UTC') as day_ends
from sluice.limits_of($1) l,
     lateral (
         select count(t.export_id) as active, count(*) - count(t.export_id) as queued
         from sluice.export e
         left join sluice.export_turn t on t.export_id = e.id
         where e.tenant = $1 and e.status in ('queued', 'running')
     ) live,
     sluice.used_today($1) today
