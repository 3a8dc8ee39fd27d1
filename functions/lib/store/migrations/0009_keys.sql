-- What a key is good for. `datasets`: the names that exist for it, null for all. A key that is `read_only` may look and
-- fetch, but create, cancel, delete, retry and extend nothing.
alter table sluice.api_key add column datasets text[];
alter table sluice.api_key add column read_only boolean not null default false;

-- Roughly when it was used last: noted when the note is some minutes old, never with every request.
alter table sluice.api_key add column last_used_at timestamptz;
