-- Reads the export that has idempotency key $2 of tenant $1, and whether its body had hash $3 or $4. The stored hash
-- of the sent body is null if the key is older than that column.
select coalesce(body_sha256 = $3 or sent_sha256 = $4, false) as same, export_id
from sluice.idempotency
where tenant = $1 and key = $2
