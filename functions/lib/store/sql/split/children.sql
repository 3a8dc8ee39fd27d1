-- Creates the children of chunk $1. $2 ids, $3 starts, $4 ends: parallel arrays; $5 their names, once for each layout
-- of $8; $9 the kind of their ranges, which differs from that of a parent of all rows; $6 planned bytes of each; $7 bytes the parent had read, if its time ran out. The parent's row is locked by the caller; its weight is divided,
-- the last child takes the remainder. Each child is ordered after its parent, so that a page that ended with the
-- parent continues with all of them. At great depth no gap is left: ordinals then repeat, and the order is decided by
-- the chunk's id.
with children as (
    insert into sluice.chunk
        (id, tenant, dataset, fingerprint, range_of, range_start, range_end, planned_rows, planned_bytes, indexed, due_at,
         depth, parent_seen, hive, traceparent, in_cut)
    select u.id, p.tenant, p.dataset, p.fingerprint, $9, u.range_start, u.range_end,
           p.planned_rows / cardinality($2::uuid[]), $6, p.indexed, clock_timestamp(), p.depth + 1, $7,
           p.hive, p.traceparent, p.in_cut
    from sluice.chunk p, unnest($2::uuid[], $3::bigint[], $4::bigint[]) as u (id, range_start, range_end)
    where p.id = $1
    returning id
), linked as (
    insert into sluice.link (export_id, chunk_id, ordinal, room, name, weight, reused, open, hive)
    select l.export_id, u.id, l.ordinal + u.n * (l.room / (cardinality($2::uuid[]) + 1)),
           greatest(l.room / (cardinality($2::uuid[]) + 1), 1), m.name,
           case when u.n < cardinality($2::uuid[]) then l.weight / cardinality($2::uuid[])
                else l.weight - l.weight / cardinality($2::uuid[]) * (cardinality($2::uuid[]) - 1) end,
           l.reused, true, l.hive
    from sluice.link l, unnest($2::uuid[]) with ordinality as u (id, n),
         unnest($5::text[], $8::text[]) with ordinality as m (name, hive, n)
    where l.chunk_id = $1 and m.hive is not distinct from l.hive and (m.n - 1) % cardinality($2::uuid[]) = u.n - 1
    returning chunk_id
)
select (select count(*) from linked) as links, (select count(*) from children) as children
