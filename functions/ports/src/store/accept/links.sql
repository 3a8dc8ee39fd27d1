-- Links of export $1; $2 to $7 are parallel arrays. Settled chunks that are used again are kept longer.
with kept as (
    update sluice.chunk c
    set keep_until = greatest(c.keep_until, clock_timestamp() + sluice.reuse_for())
    from unnest($2::text[], $6::boolean[]) as u (id, reused)
    where u.reused and c.id = u.id::uuid and c.reusable
)
insert into sluice.link (export_id, chunk_id, ordinal, room, name, weight, reused, open)
select $1::text::uuid, u.id::uuid, u.ordinal, $8, u.name, u.weight, u.reused, u.open
from unnest($2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::boolean[], $7::boolean[])
    as u (id, ordinal, name, weight, reused, open)
