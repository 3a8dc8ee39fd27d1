-- State that decides about a request of tenant $1: the time, the tenant's limits, the export that has idempotency key
-- $5 (null: no key), and the chunks inside the target spans that may be reused or checked, in id order, one per row; one
-- row without a chunk if there is none. A chunk that may be both is in two rows. $2 fingerprints, $3 starts and $4 ends of the target spans (null: no range column); $6 and
-- $7 are the hashes of the body that may be repeated under the key.
with tenant as materialized (
    select sluice.micros(clock_timestamp()) as now, l.*,
           i.export_id as earlier, coalesce(i.body_sha256 = $6 or i.sent_sha256 = $7, false) as same
    from sluice.limits_of($1) l
    left join sluice.idempotency i on i.tenant = $1 and i.key = $5
)
select t.*, c.id, c.fingerprint, c.range_of, c.range_start, c.range_end, c.state, c.reusable and c.horizon is not null as reusable,
       sluice.micros(c.as_of) as as_of, coalesce(c.rows, c.planned_rows) as rows,
       coalesce(c.source_bytes, c.planned_bytes) as bytes, c.only_checked, c.checks
from tenant t left join (
    select r.*, false as only_checked from sluice.candidates($1, $2, $3, $4) r
    union all
    select p.*, true from sluice.proven($1, $2, $3, $4) p
) c on true
order by c.id
