-- New chunks, due at once. $1 tenant; the other parameters are parallel arrays.
insert into sluice.chunk
    (id, tenant, dataset, fingerprint, range_of, range_start, range_end, planned_rows, planned_bytes, indexed, due_at)
select u.id::uuid, $1, u.dataset, u.fingerprint, u.range_of, u.range_start, u.range_end, u.planned_rows, u.planned_bytes, u.indexed,
       clock_timestamp()
from unnest($2::text[], $3::text[], $4::bytea[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::boolean[])
    as u (id, dataset, fingerprint, range_of, range_start, range_end, planned_rows, planned_bytes, indexed)
