-- Settled by what the source shows, not by the clock alone.

-- All that began before this time was shown to the attempt that read the chunk; null where the source could not report it,
-- and where a release before this one read it.
alter table sluice.chunk add column horizon timestamptz;

-- What was read before was judged by the clock alone: it is read once more.
update sluice.chunk set reusable = false where reusable and state = 'done';
