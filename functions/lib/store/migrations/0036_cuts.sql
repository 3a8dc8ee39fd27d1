-- Cuts: the files of an export with the consistency "snapshot" show one instant of the source.

-- A snapshot of the source, held by one keeper at a time. At most one is live.
create table sluice.cut (
    id uuid primary key,
    state text not null default 'opening' check (state in ('opening', 'open', 'ended', 'lost')),
    created_at timestamptz not null default clock_timestamp(),
    opened_at timestamptz,
    ended_at timestamptz,
    -- Reason why it was lost, or could not be opened.
    reason text,
    -- Keeper whose session exports the snapshot, and the identifier under which it does.
    holder uuid,
    snapshot text,
    -- State of the source just before the snapshot: time, horizon, position of the write-ahead log.
    as_of timestamptz,
    horizon timestamptz,
    lsn text,
    -- Relations that are locked since before the snapshot.
    relations bigint[] not null default '{}',
    -- No other cut departs before this time, because this one could not be opened.
    next_at timestamptz,
    check (state <> 'open' or (holder is not null and snapshot is not null and as_of is not null))
);
create unique index cut_live on sluice.cut ((true)) where state in ('opening', 'open');
create index cut_next on sluice.cut (next_at) where next_at is not null;

-- Invocations of the worker that hold the snapshot of a cut, one after the other.
create table sluice.keeper (
    id uuid primary key,
    cut uuid not null references sluice.cut on delete cascade,
    -- The first one opens the cut, each further one takes over from the one before.
    number integer not null,
    state text not null default 'due' check (state in ('due', 'sent', 'running', 'ended')),
    sent_at timestamptz,
    sends integer not null default 0,
    renewed_at timestamptz,
    lease_until timestamptz,
    unique (cut, number),
    check ((state = 'running') = (lease_until is not null))
);
create index keeper_live on sluice.keeper (state) where state <> 'ended';

-- Null: the export is not of one instant. `waiting`: for the next cut; `in`: in the cut; `stale`: its cut is of no use to it
-- any more, and what was read under it must be replaced before it waits again.
alter table sluice.export add column cut_state text check (cut_state in ('waiting', 'in', 'stale'));
alter table sluice.export add column cut uuid;
-- Cuts that were lost under it, and that could not be opened for it.
alter table sluice.export add column cut_losses integer not null default 0;
alter table sluice.export add column cut_failures integer not null default 0;
create index export_for_cut on sluice.export (cut_state) where cut_state is not null and status in ('queued', 'running');
create index export_cut on sluice.export (cut) where cut is not null;

-- True if the chunk is read under the snapshot of its export's cut. Until it is read it belongs to that export alone.
alter table sluice.chunk add column in_cut boolean not null default false;
