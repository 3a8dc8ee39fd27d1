-- When dispatch last ran, to a quarter of a second. A lease that lapses while nothing reached the store shows that the store was
-- away, and not that the worker is gone.
create table sluice.pulse (
    only_one boolean primary key default true check (only_one),
    at timestamptz not null
);
insert into sluice.pulse (at) values (clock_timestamp());

-- When the lease was given or renewed last.
alter table sluice.chunk add column renewed_at timestamptz;
