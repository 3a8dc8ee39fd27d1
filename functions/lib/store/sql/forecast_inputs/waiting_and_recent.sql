-- For tenant $1 and an output $2: usage and size of its last chunks, and its waiting chunks. Nothing of another
-- tenant is read. Limited to the datasets in $6 (null: any). $3 datasets with a tenant column, $4 their selections,
-- $5 the lengths of their target spans (null: no range column).
with recent as (
    -- The limit applies before anything is joined or filtered, so that this is bounded however much the tenant has.
    select * from (
    select c.id, c.attempt, c.dataset, c.fingerprint, c.range_of, c.range_end::float8 - c.range_start::float8 as units, c.rows, c.source_bytes, c.bytes,
           row_number() over (order by c.ended_at desc) as nth
    from sluice.chunk c
    where c.tenant = $1 and c.state = 'done'
    order by c.ended_at desc
    limit 2000
    ) c where $6::text[] is null or c.dataset = any ($6)
), seen as (
    select r.source_bytes, r.bytes, (a.usage ->> 'firstRowMs')::bigint as first_row_ms, (a.usage ->> 'readMs')::bigint as read_ms,
           (extract(epoch from a.ended_at - a.started_at) * 1000)::bigint as busy_ms
    from recent r
    join sluice.selection s on s.fingerprint = r.fingerprint
    join sluice.attempt a on a.chunk_id = r.id and a.number = r.attempt and a.outcome = 'done'
    where r.nth <= 500 and r.source_bytes > 0 and s.body #> '{output,format}' = $2::jsonb -> 'format'
      and s.body #> '{output,compression}' = $2::jsonb -> 'compression'
), wanted as materialized (
    select dataset, body, units from unnest($3::text[], $4::jsonb[], $5::bigint[]) as w (dataset, body, units)
), alike as materialized (
    -- Once per selection instead of per chunk, because filters may be long.
    select w.dataset, w.units, s.fingerprint
    from (select distinct dataset, fingerprint from recent) r
    join wanted w on w.dataset = r.dataset
    join sluice.selection s on s.fingerprint = r.fingerprint
    where s.body -> 'from' = w.body -> 'from' and s.body -> 'columns' = w.body -> 'columns'
      and s.body -> 'predicates' = w.body -> 'predicates' and s.body -> 'tenantColumn' = w.body -> 'tenantColumn'
      and s.body -> 'limit' is null
), past as (
    -- A chunk much longer than the target span is a poor estimate: its rows may be anywhere within it.
    select r.dataset, r.range_of as of, count(*) as chunks, sum(r.rows) as rows, coalesce(sum(r.source_bytes), 0) as bytes,
           coalesce(sum(r.units), 0) as units
    from alike a
    join recent r on r.dataset = a.dataset and r.fingerprint = a.fingerprint and (r.units is null or r.units / 10 <= a.units)
    group by r.dataset, r.range_of
), waiting as (
    -- A lower bound beyond the limit: more chunks would not change what a client does.
    select count(*) as chunks, coalesce(sum(c.planned_bytes) filter (where s.shared), 0)::bigint as bytes
    from (select c.fingerprint, c.planned_bytes, c.dataset from sluice.chunk c
          where c.tenant = $1 and c.state in ('due', 'sent', 'running') limit 20000) c
    join sluice.selection s on s.fingerprint = c.fingerprint
    where $6::text[] is null or c.dataset = any ($6)
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
       (select chunks from waiting) as waiting_chunks,
       (select bytes from waiting) as waiting_bytes,
       (select coalesce(jsonb_agg(to_jsonb(p)), '[]') from past p) as past
