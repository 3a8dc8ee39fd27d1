-- Inserts a key into sluice.api_key: $1 id, $2 tenant, $3 label, $4 hash of its secret, $5 datasets (null: all),
-- $6 reads only, $7 seconds until it expires (null: never).
insert into sluice.api_key (id, tenant, label, secret_sha256, datasets, read_only, expires_at, lives_secs)
values ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7::bigint * interval '1 second', $7)
