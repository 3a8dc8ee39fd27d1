-- Locks key $1 in sluice.api_key if it is valid, and reads what a key that replaces it inherits.
select tenant, label, datasets, read_only, case when expires_at is not null then lives_secs end as lived
from sluice.api_key
where id = $1 and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
for update
