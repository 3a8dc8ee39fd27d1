-- Finds key $1 in sluice.api_key, with the number of changes to ended exports of its tenant. `unnoted`: its last use
-- was recorded more than five minutes ago.
select k.tenant, k.secret_sha256, k.datasets, k.read_only, coalesce(c.changes, 0) as changes,
       k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp()) as works,
       k.last_used_at is null or k.last_used_at < clock_timestamp() - interval '5 minutes' as unnoted
from sluice.api_key k left join sluice.tenant_change c on c.tenant = k.tenant
where k.id = $1
