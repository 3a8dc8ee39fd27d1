-- When the sweeper last looked at a dataset's estimates, whether it could take them anew or not: the one that
-- waits longest comes next, and one that cannot be taken keeps no other waiting.
alter table sluice.estimate add column tried_at timestamptz not null default now();

-- The chunks that ended last: a plan's times and file sizes are measured on them.
create index chunk_recent on sluice.chunk (ended_at desc) where state = 'done';
