-- Lists all keys of sluice.api_key, oldest first.
select id, tenant, label, datasets, read_only, sluice.micros(created_at) as created,
       sluice.micros(expires_at) as expires, coalesce(expires_at <= clock_timestamp(), false) as expired,
       sluice.micros(last_used_at) as used, revoked_at is not null as revoked
from sluice.api_key
order by created_at, id
