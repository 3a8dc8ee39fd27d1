-- A chunk that was read before is checked, and read again only if something has changed.

-- State of the source from which a later check can prove that the file of a done chunk still equals what its query would
-- return; null where that cannot be proven.
alter table sluice.chunk add column proof jsonb;
-- Chunk whose file takes the place of this one if the check finds nothing changed. Not a reference: that chunk may be
-- removed in the meantime, and this one is then read.
alter table sluice.chunk add column checks uuid;
-- Whether the file was read for an earlier export, and found unchanged for this one.
alter table sluice.link add column unchanged boolean not null default false;

create index chunk_proven on sluice.chunk (tenant, fingerprint, range_start) where state = 'done' and proof is not null;

alter table sluice.attempt drop constraint attempt_outcome_check;
alter table sluice.attempt add constraint attempt_outcome_check
    check (outcome in ('done', 'again', 'failed', 'split', 'lost', 'canceled', 'backed_off', 'unchanged'));
