-- For tenant $1 and an output of format $2 and compression $3: what the last chunks used, and what waits.
with recent as (
    select c.id, c.attempt, c.fingerprint, c.source_bytes, c.bytes
    from sluice.chunk c
    where c.state = 'done'
    order by c.ended_at desc
    limit 500
), seen as (
    select r.source_bytes, r.bytes, (a.usage ->> 'firstRowMs')::bigint as first_row_ms, (a.usage ->> 'readMs')::bigint as read_ms,
           (extract(epoch from a.ended_at - a.started_at) * 1000)::bigint as busy_ms
    from recent r
    join sluice.selection s on s.fingerprint = r.fingerprint
    join sluice.attempt a on a.chunk_id = r.id and a.number = r.attempt and a.outcome = 'done'
    where r.source_bytes > 0 and s.body #>> '{output,format}' = $2 and s.body #>> '{output,compression}' = $3
), waiting as (
    select tenant = $1 as own, count(*) as chunks, sum(planned_bytes) as bytes
    from sluice.chunk
    where state in ('due', 'sent', 'running')
    group by tenant
)
select (select count(*) from seen) as chunks,
       (select coalesce(sum(source_bytes), 0)::bigint from seen) as source_bytes,
       (select coalesce(sum(bytes), 0)::bigint from seen) as file_bytes,
       (select coalesce(sum(first_row_ms), 0)::bigint from seen) as first_row_ms,
       (select coalesce(sum(read_ms), 0)::bigint from seen) as read_ms,
       (select coalesce(sum(busy_ms), 0)::bigint from seen) as busy_ms,
       coalesce((select value from sluice.setting where name = 'budget'), '1')::integer as budget,
       coalesce((select value from sluice.setting where name = 'retention_hours'), '168')::integer as kept_hours,
       exists (select from sluice.setting where name = 'paused_at') as paused,
       (select coalesce(jsonb_agg(to_jsonb(w)), '[]') from waiting w)::text as waiting
