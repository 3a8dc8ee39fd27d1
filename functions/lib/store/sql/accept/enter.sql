-- Locks the row of tenant $1 for the rest of the transaction, or fails at once if another transaction holds it, so
-- that the caller waits without a session. Then claims idempotency key $2 (null: none) for export $5. The key belongs
-- to the tenant, so no other accept can be deciding about it. $3 and $4 are the hashes of the body.
with tenant as materialized (
    select id from sluice.tenant where id = $1 for no key update nowait
), claimed as (
    insert into sluice.idempotency (tenant, key, body_sha256, sent_sha256, export_id)
    select id, $2, $3, $4, $5 from tenant where $2::text is not null
    on conflict do nothing
    returning key
)
select sluice.micros(clock_timestamp()) as now, $2::text is null or exists (select from claimed) as claimed from tenant
