-- Twenty days, of which each makes a chunk or two under a TargetBytes of 131072.
create table public.parcels (id integer primary key, day date not null, label text not null);
insert into public.parcels
select i, date '2024-01-01' + i % 20, 'parcel ' || i || ' ' || md5(i::text) from generate_series(1, 20000) i;
create index on public.parcels (day);
analyze public.parcels;
grant select on public.parcels to sluice_source;
