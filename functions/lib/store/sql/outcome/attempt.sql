-- Ends attempt $2 of chunk $1: $3 outcome, $4 failure (null: none), $5 usage. The tenant's use of the day grows by it,
-- once: an attempt that reports its end again has a usage already.
with fresh as (
    select $3 = 'done' as done from sluice.attempt where chunk_id = $1 and number = $2::bigint and usage is null
), ended as (
    update sluice.attempt
    set outcome = $3, ended_at = clock_timestamp(), failure = $4, usage = $5
    where chunk_id = $1 and number = $2::bigint
)
insert into sluice.daily_use as u (tenant, day, slot, chunks, rows, source_bytes, file_bytes, database_ms)
select c.tenant, sluice.today(), get_byte(uuid_send(c.id), 15) & 7, f.done::integer,
       case when f.done then c.rows else 0 end, case when f.done then c.source_bytes else 0 end,
       case when f.done then c.bytes else 0 end, coalesce(($5::jsonb ->> 'readMs')::bigint, 0)
from fresh f join sluice.chunk c on c.id = $1
on conflict (tenant, day, slot) do update
set chunks = u.chunks + excluded.chunks, rows = u.rows + excluded.rows,
    source_bytes = u.source_bytes + excluded.source_bytes, file_bytes = u.file_bytes + excluded.file_bytes,
    database_ms = u.database_ms + excluded.database_ms
