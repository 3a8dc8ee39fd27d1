-- Puts a catalog in force: $1 revision, $2 body, $3 name of the source's database, $4 TOML (null: keep the text that
-- is stored).
insert into sluice.catalog (revision, body, source, toml, applied_at)
values ($1, $2, $3, $4, clock_timestamp())
on conflict (revision) do update
set source = excluded.source, toml = coalesce(excluded.toml, catalog.toml), applied_at = excluded.applied_at
