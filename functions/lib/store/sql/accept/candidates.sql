-- State that decides about a request of tenant $1: the time, the tenant's limits, the export that has idempotency key
-- $5 (null: no key), and the reusable chunks inside the target spans, in id order, one per row; one row without a
-- chunk if there is none. $2 fingerprints, $3 starts and $4 ends of the target spans (null: no range column); $6 and
-- $7 are the hashes of the body that may be repeated under the key.
--
-- The condition on the state is that of the index chunk_reuse, so chunks that cannot be reused are not read.
with tenant as materialized (
    select sluice.micros(clock_timestamp()) as now,
           sluice.is_full($1) as is_full, sluice.max_active() as max_active, sluice.max_queued() as max_queued,
           -- Deleted exports count until their objects are removed from the bucket.
           coalesce(k.exports, 0) + (
               select count(*) from (select from sluice.litter l where l.tenant = $1 limit sluice.max_kept_exports()) l
           ) as kept_exports, coalesce(k.request_bytes, 0) as kept_bytes, coalesce(k.links, 0) as kept_chunks,
           sluice.max_kept_exports() as max_kept_exports, sluice.max_kept_bytes() as max_kept_bytes,
           sluice.max_kept_chunks() as max_kept_chunks,
           sluice.max_chunks_per_minute() as max_chunks_per_minute,
           greatest(extract(epoch from k.paid_until - clock_timestamp() - interval '1 minute'), 0)::float8 as unpaid_secs,
           i.export_id as earlier, coalesce(i.body_sha256 = $6 or i.sent_sha256 = $7, false) as same
    from (values (1)) as one (one)
    left join sluice.tenant_kept k on k.tenant = $1
    left join sluice.idempotency i on i.tenant = $1 and i.key = $5
), wanted as materialized (
    select distinct w.* from unnest($2::bytea[], $3::bigint[], $4::bigint[]) as w (fingerprint, range_start, range_end)
), found as (
    -- `offset 0` makes each target span a search of the index. Without it the planner may read every chunk of the
    -- tenant instead, if the statistics are older than these chunks.
    select c.* from wanted w cross join lateral (
        select c.* from sluice.chunk c
        where c.tenant = $1 and c.fingerprint = w.fingerprint
          and (c.state in ('due', 'sent') or (c.state in ('running', 'done') and c.reusable))
          and c.range_start >= w.range_start and c.range_start < w.range_end and c.range_end <= w.range_end
        offset 0
    ) c
    union all
    select c.* from (select distinct w.fingerprint from wanted w) as w cross join lateral (
        select c.* from sluice.chunk c
        where c.tenant = $1 and c.fingerprint = w.fingerprint
          and (c.state in ('due', 'sent') or (c.state in ('running', 'done') and c.reusable))
          and c.range_start is null
        offset 0
    ) c
)
select t.*, c.id, c.fingerprint, c.range_of, c.range_start, c.range_end, c.state, c.reusable and c.horizon is not null as reusable,
       sluice.micros(c.as_of) as as_of, coalesce(c.rows, c.planned_rows) as rows,
       coalesce(c.source_bytes, c.planned_bytes) as bytes
from tenant t left join found c on true
order by c.id
