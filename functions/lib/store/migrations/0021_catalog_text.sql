-- The TOML as the operator wrote it: `admin catalog show` prints it. Null for a revision that was applied before.
alter table sluice.catalog add column toml text;
