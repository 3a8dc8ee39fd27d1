-- Lifetime with which the key was created: `expires_at` becomes earlier when the key is rotated.
alter table sluice.api_key add column lives_secs bigint;
update sluice.api_key set lives_secs = extract(epoch from expires_at - created_at)::bigint;
