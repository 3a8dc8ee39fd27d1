-- Reads the rights of key $1 of tenant $2. No row if it was revoked or has expired.
select datasets, read_only
from sluice.api_key
where id = $1 and tenant = $2 and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
