-- Rows of two tenants (100 and 60) and of another, every one with a word that must never be logged, and a view that cannot be read whole without an error
-- that quotes it; `catalog check` reads the first rows, which are good.
create table public.notes (id integer primary key, org text not null, day date not null, body text not null);
insert into public.notes
select i, case when i <= 99 or i = 1000 then 'acme' when i <= 159 then 'globex' else 'other' end, date '2024-01-01' + i % 30, '{mark}-' || i
from generate_series(1, 1000) i;
create index on public.notes (org, day);
create view public.broken as select id, org, day, case when id > 900 then body::integer else id end as number from public.notes;
create table public.colours (id integer primary key, name text not null);
insert into public.colours values (1, 'red');
create table public.everybodys (id integer primary key);
analyze public.notes, public.colours, public.everybodys;
grant select on public.notes, public.broken, public.colours, public.everybodys to sluice_source;
