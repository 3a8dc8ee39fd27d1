-- Inserts the rows of export $13 of tenant $1: selections $2 and $3, new chunks $4 to $12, $21 and $24, links $14 to $18 and
-- $22, each group as parallel arrays; $19 room between links; $20 reused chunks; $23 trace of the request; $25 true
-- if the chunks are read in a cut; $26 chunks that are read already. It is one statement because the references between them are checked at its end.
with selections as (
    -- In a fixed order, so that two accepts of equal selections cannot wait for each other.
    insert into sluice.selection (fingerprint, body)
    select f, b from unnest($2::bytea[], $3::jsonb[]) as u (f, b) order by f
    on conflict do nothing
), chunks as (
    -- Due at once.
    insert into sluice.chunk
        (id, tenant, dataset, fingerprint, range_of, range_start, range_end, planned_rows, planned_bytes, indexed, due_at,
         hive, traceparent, checks, in_cut)
    select u.id, $1, u.dataset, u.fingerprint, u.range_of, u.range_start, u.range_end, u.planned_rows, u.planned_bytes,
           u.indexed, clock_timestamp(), u.hive, $23, u.checks, $25
    from unnest($4::uuid[], $5::text[], $6::bytea[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
                $12::boolean[], $21::text[], $24::uuid[])
        as u (id, dataset, fingerprint, range_of, range_start, range_end, planned_rows, planned_bytes, indexed, hive, checks)
), used as (
    -- Chunks that check others are rarely read.
    insert into sluice.daily_use as u (tenant, day, slot, exports, planned_rows, planned_bytes)
    select $1, sluice.today(), 0, 1, coalesce(sum(n.rows), 0), coalesce(sum(n.bytes), 0)
    from unnest($10::bigint[], $11::bigint[], $24::uuid[]) as n (rows, bytes, checks)
    where n.checks is null
    on conflict (tenant, day, slot) do update
    set exports = u.exports + 1, planned_rows = u.planned_rows + excluded.planned_rows,
        planned_bytes = u.planned_bytes + excluded.planned_bytes
), fresh as (
    -- Earlier failures of a chunk are not charged to an export that shares it now.
    update sluice.chunk c set failures = 0, breaks = 0
    where c.id = any ($20) and c.state in ('due', 'sent', 'running') and (c.failures > 0 or c.breaks > 0)
), kept as (
    -- Settled chunks that are reused are kept longer.
    update sluice.chunk c
    set keep_until = greatest(c.keep_until, clock_timestamp() + sluice.reuse_for())
    where c.id = any ($20) and c.state = 'done' and c.reusable
)
insert into sluice.link (export_id, chunk_id, ordinal, room, name, weight, reused, open, hive)
select $13::uuid, u.id, u.ordinal, $19, u.name, u.weight, u.reused, r.id is null, u.hive
from unnest($14::uuid[], $15::bigint[], $16::text[], $17::bigint[], $18::boolean[], $22::text[])
    as u (id, ordinal, name, weight, reused, hive)
left join unnest($26::uuid[]) as r (id) on r.id = u.id
