-- How often an export was opened again or lost files under it. A manifest is made of one edition, and the
-- export flips to succeeded only while it still has that one.
alter table sluice.export add column edition integer not null default 0;

-- SHA-256 of the body as it was sent, keys sorted: a repeat is known by it even where the catalog has
-- changed meanwhile and the body would not be read as before.
alter table sluice.idempotency add column sent_sha256 bytea;

-- The name of the file that is missing, where there was one.
alter table sluice.missing add column name text;

-- When the objects of a chunk that nobody wants were found and deleted; its row stays until no worker can
-- write any more.
alter table sluice.chunk add column emptied_at timestamptz;
