-- Saved exports: requests kept under a name, with relative dates and a schedule (export::saved), and their runs.

create table sluice.saved (
    id uuid primary key,
    tenant text not null references sluice.tenant on delete cascade,
    name text not null,
    -- Body of POST /exports, relative dates (null: those of the request), and schedule (null: only on demand).
    request jsonb not null,
    range_name text,
    schedule jsonb,
    -- Rights with which it runs: of this key as they are at each run, or those of a token when it was saved (key_id null).
    -- `datasets` is null for all.
    key_id text,
    rights jsonb not null,
    -- Names of the datasets when it was saved, for the visibility to keys that may read some datasets only.
    datasets jsonb not null,
    -- Number of the definition: each change begins a new one.
    edition integer not null default 1,
    paused boolean not null default false,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    -- Tick of the period that is next, and the time at which it runs or is tried again.
    next_tick timestamptz,
    next_at timestamptz,
    -- A run on demand that is requested, and the time at which it is tried.
    demanded_at timestamptz,
    -- Run that a process prepares, until this time; another process then takes it over.
    claimed_until timestamptz,
    -- Run whose export is live: the export, the tick (on demand: the instant of the run), and the end of its period.
    export_id uuid,
    running_tick timestamptz,
    running_end timestamptz,
    running_demanded boolean not null default false,
    -- End of the last period that was exported.
    last_end timestamptz,
    -- Failures of the period that is next, and the last one.
    failures integer not null default 0,
    error text,
    unique (tenant, name)
);
create index saved_due on sluice.saved (next_at) where next_at is not null and not paused and export_id is null;
create index saved_demanded on sluice.saved (demanded_at) where demanded_at is not null and export_id is null;
create index saved_running on sluice.saved (export_id) where export_id is not null;
create index saved_key on sluice.saved (key_id) where key_id is not null;

-- Runs of saved exports, and periods that were skipped. `number` counts the attempts of a tick.
create table sluice.saved_run (
    saved_id uuid not null references sluice.saved on delete cascade,
    tick timestamptz not null,
    number integer not null,
    demanded boolean not null default false,
    -- Dates of the request; null if they are open, or those that the request names itself.
    start_date text,
    end_date text,
    started_at timestamptz not null,
    ended_at timestamptz,
    export_id uuid,
    outcome text not null check (outcome in ('running', 'succeeded', 'failed', 'canceled', 'refused', 'skipped')),
    error text,
    primary key (saved_id, tick, number)
);
create index saved_run_newest on sluice.saved_run (saved_id, started_at desc, tick desc, number desc);
create index saved_run_old on sluice.saved_run (started_at);
