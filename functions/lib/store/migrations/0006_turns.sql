-- Since when an export waits for its turn: from its accept, or from its last retry.
alter table sluice.export add column queued_at timestamptz not null default clock_timestamp();
update sluice.export set queued_at = accepted_at;
create index export_live on sluice.export (tenant, queued_at, id) where status in ('queued', 'running');

-- An export has a row here while it is active: dispatch() gives it one when its tenant has room for it. All that are
-- live get theirs anew.
delete from sluice.export_turn;
alter table sluice.export_turn add column tenant text not null;
create index export_turn_tenant on sluice.export_turn (tenant);

-- The load of the source holds all back: which signal, what was seen and allowed, and until when. At most one row.
create table sluice.back_off (
    only_one boolean primary key default true check (only_one),
    signal text not null check (signal in ('active_sessions', 'replica_lag')),
    seen bigint not null,
    allowed bigint not null,
    -- How often in a row it was found; the wait grows with it.
    times integer not null,
    since timestamptz not null,
    until timestamptz not null
);
alter table sluice.attempt drop constraint attempt_outcome_check;
alter table sluice.attempt add constraint attempt_outcome_check
    check (outcome in ('done', 'again', 'failed', 'split', 'lost', 'canceled', 'backed_off'));

-- By an expression, so that whoever asks for the next open links is given this index and no other.
drop index sluice.link_open;
create index link_open on sluice.link (export_id, (ordinal + 0)) where open;

-- Each chunk and link is written several times and then stays for days: what is dead is cleared by what was written, not
-- by how much is kept, and notes of a running attempt find room on their page.
alter table sluice.chunk set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
alter table sluice.link set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
alter table sluice.attempt set (fillfactor = 80);
