-- The store: what was asked, how it was cut, how far it is. Lower case throughout; times are timestamptz;
-- bounds of ranges are bigint in the unit of their type (days for date, microseconds for the others).

create table sluice.setting (
    name text primary key,
    value text not null
);

create table sluice.tenant (
    id text primary key,
    created_at timestamptz not null default now()
);

create table sluice.api_key (
    id text primary key,
    tenant text not null references sluice.tenant,
    label text not null,
    -- Only the hash of the secret is kept.
    secret_sha256 bytea not null check (length(secret_sha256) = 32),
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

-- Applied revisions of the catalog; the one applied last is in force.
create table sluice.catalog (
    revision text primary key,
    body jsonb not null,
    -- Names the database that is read; part of every fingerprint.
    source text not null,
    applied_at timestamptz not null default now()
);
create index catalog_applied_at on sluice.catalog (applied_at);

-- What PostgreSQL's planner believes about each dataset of the revision in force.
create table sluice.estimate (
    dataset text primary key,
    body jsonb not null,
    taken_at timestamptz not null default now()
);

create table sluice.export (
    id uuid primary key,
    tenant text not null references sluice.tenant,
    status text not null default 'queued'
        check (status in ('queued', 'running', 'succeeded', 'failed', 'canceled', 'expired')),
    request jsonb not null,
    revision text not null,
    -- Per dataset: name, columns, range, watermark. The manifest begins with it.
    heads jsonb not null,
    accepted_at timestamptz not null,
    started_at timestamptz,
    ended_at timestamptz,
    deadline_at timestamptz not null,
    -- When the files go; counted from the end, not from the start.
    expires_at timestamptz,
    manifest_key text,
    -- How far it was when links were dropped; null while they can be counted.
    progress jsonb
);
create index export_of_tenant on sluice.export (tenant, accepted_at desc, id desc);
create index export_deadline on sluice.export (deadline_at) where status in ('queued', 'running');
create index export_expiry on sluice.export (expires_at) where status not in ('queued', 'running');

create table sluice.idempotency (
    tenant text not null,
    key text not null,
    body_sha256 bytea not null,
    -- The key's row is written before the export's, in the same transaction.
    export_id uuid not null references sluice.export on delete cascade deferrable initially deferred,
    created_at timestamptz not null default now(),
    primary key (tenant, key)
);
create index idempotency_export on sluice.idempotency (export_id);

-- What chunks read and how they are written: everything but the range, once per fingerprint.
create table sluice.selection (
    fingerprint bytea primary key,
    body jsonb not null
);

create table sluice.chunk (
    id uuid primary key,
    tenant text not null references sluice.tenant,
    dataset text not null,
    fingerprint bytea not null references sluice.selection,
    range_of text not null check (range_of in ('date', 'wall', 'instant', 'all', 'null')),
    range_start bigint,
    range_end bigint,
    planned_rows bigint not null,
    planned_bytes bigint not null,
    state text not null default 'due'
        check (state in ('due', 'sent', 'running', 'done', 'failed', 'split', 'dying')),
    -- The number of the current attempt; it fences every write of a worker.
    attempt integer not null default 0,
    failures integer not null default 0,
    due_at timestamptz not null,
    sent_at timestamptz,
    sends integer not null default 0,
    lease_until timestamptz,
    -- Time of the snapshot that was read, and whether all rows were settled then.
    as_of timestamptz,
    reusable boolean not null default false,
    keep_until timestamptz,
    ended_at timestamptz,
    rows bigint,
    bytes bigint,
    source_bytes bigint,
    sha256 text,
    failure jsonb,
    check ((range_start is null) = (range_of in ('all', 'null'))),
    check (range_start < range_end),
    check (state <> 'done' or (rows is not null and as_of is not null))
);
create index chunk_reuse on sluice.chunk (tenant, fingerprint, range_start)
    where state in ('due', 'sent', 'running', 'done');
create index chunk_due on sluice.chunk (tenant, due_at) where state = 'due';
create index chunk_in_flight on sluice.chunk (state) where state in ('sent', 'running');
create index chunk_removal on sluice.chunk (ended_at) where state in ('split', 'dying');
create index chunk_keep on sluice.chunk (keep_until) where state in ('done', 'failed');

-- Which chunks an export is made of. It lives as long as the export's row.
create table sluice.link (
    export_id uuid not null references sluice.export on delete cascade,
    chunk_id uuid not null references sluice.chunk,
    -- Order within the export; the children of a split share the room of their parent.
    ordinal bigint not null,
    room bigint not null,
    -- The file's name in this export.
    name text not null,
    -- Share of the progress, in planned bytes.
    weight bigint not null,
    reused boolean not null,
    -- False as soon as the chunk is done or failed.
    open boolean not null,
    primary key (export_id, chunk_id),
    unique (export_id, name)
);
create index link_chunk on sluice.link (chunk_id);
create index link_ordinal on sluice.link (export_id, ordinal);
create index link_open on sluice.link (export_id, ordinal) where open;

-- Ranges an export will not get: their links were dropped at its deadline.
create table sluice.missing (
    export_id uuid not null references sluice.export on delete cascade,
    dataset text not null,
    fingerprint bytea not null,
    range_of text not null,
    range_start bigint,
    range_end bigint,
    attempts integer not null,
    failure jsonb not null
);
create index missing_export on sluice.missing (export_id);

create table sluice.attempt (
    chunk_id uuid not null references sluice.chunk on delete cascade,
    number integer not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    outcome text check (outcome in ('done', 'again', 'failed', 'split', 'lost', 'canceled')),
    failure jsonb,
    usage jsonb,
    primary key (chunk_id, number)
);

-- Objects that nobody will name any more, by the beginning of their keys.
create table sluice.litter (
    prefix text primary key,
    sweep_at timestamptz not null,
    -- Swept once more this much later: a process that was thought dead may still write.
    again_after interval,
    -- A manifest's key is litter only while no export names it.
    unless_named boolean not null default false
);
create index litter_sweep on sluice.litter (sweep_at);

-- Whose turn it is. Only dispatch() touches these two, under its own lock, so they have no foreign keys.
create table sluice.tenant_turn (tenant text primary key, served_at timestamptz not null);
create table sluice.export_turn (export_id uuid primary key, served_at timestamptz not null);

-- Microseconds since 1970, as times cross the wire.
create function sluice.micros(at timestamptz) returns bigint
    language sql immutable parallel safe
    return (extract(epoch from at) * 1000000)::bigint;
create function sluice.from_micros(micros bigint) returns timestamptz
    language sql immutable parallel safe
    return timestamptz '1970-01-01 00:00:00+00' + micros * interval '1 microsecond';
