-- Twenty days; a chunk or two each, under the stack's TargetBytes.
create table public.visits (id integer primary key, day date not null, place text not null);
insert into public.visits
select i, date '2024-01-01' + i % 20, 'place ' || i || ' ' || md5(i::text) from generate_series(1, 8000) i;
create index on public.visits (day);
analyze public.visits;
grant select on public.visits to sluice_source;
