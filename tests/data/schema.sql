-- Tables that the end-to-end tests export, besides `orders` of tests/bench/orders.sql.
create schema e2e;

create table e2e.visits (id bigint primary key, day date not null, name text not null, score integer);
insert into e2e.visits
select i, date '2024-01-01' + (i % 100)::integer, 'visitor ' || i || case when i % 7 = 0 then ', "quoted"' else '' end, nullif(i % 13, 0)
from generate_series(1, 10000) i;
create index on e2e.visits (day);

-- Rows of two tenants.
create table e2e.notes (id integer primary key, account text not null, day date not null, body text);
insert into e2e.notes select i, case when i % 2 = 0 then 'demo' else 'other' end, date '2024-01-01' + i % 50, 'note ' || i from generate_series(1, 1000) i;
create index on e2e.notes (account, day);

create table e2e.nothing (id integer primary key, at timestamptz not null);
create index on e2e.nothing (at);

-- A COPY of `slow` takes about 10 ms a row, so that something can happen in the middle of it; a test may add a slower one.
create table e2e.slow (id integer primary key, day date not null, body text not null, secs double precision not null default 0.01);
insert into e2e.slow select i, date '2024-01-01' + i % 4, repeat('x', 8000) || i from generate_series(1, 800) i;
create index on e2e.slow (day);

-- Grows twentyfold after its rows were estimated; reading its 60 MB takes some seconds then.
create table e2e.grown (id integer primary key, day date not null, body text not null);
insert into e2e.grown select i, date '2024-01-01' + i % 60, repeat('y', 10000) || i from generate_series(1, 300) i;
create index on e2e.grown (day);

create table e2e.altered (id integer primary key, day date not null, value integer not null);
insert into e2e.altered select i, date '2024-01-01' + i % 10, i from generate_series(1, 100) i;
create index on e2e.altered (day);

-- For reuse: each test has one of its own, since it counts what is read of it. A hundred rows a day.
create table e2e.settled (id bigint primary key, day date not null, label text not null);
insert into e2e.settled select i, date '2024-01-01' + ((i - 1) / 100)::integer, 'row ' || i from generate_series(1, 9000) i;
create index on e2e.settled (day);
create table e2e.together (id bigint primary key, day date not null, label text not null);
insert into e2e.together select * from e2e.settled where id <= 4000;
create index on e2e.together (day);
create table e2e.erased (id bigint primary key, day date not null, label text not null);
insert into e2e.erased select * from e2e.settled where id <= 4000;
create index on e2e.erased (day);
-- The last eleven days, today among them.
create table e2e.recent (id bigint primary key, day date not null, label text not null);
insert into e2e.recent select i, current_date - 10 + ((i - 1) / 100)::integer, 'row ' || i from generate_series(1, 1100) i;
create index on e2e.recent (day);

-- A test makes one of its rows one that cannot be read.
create table e2e.poison (id integer primary key, day date not null, divisor integer not null);
insert into e2e.poison select i, date '2024-01-01' + i % 10, 1 + i % 7 from generate_series(1, 1000) i;
create index on e2e.poison (day);

create table e2e.whole (id integer primary key, label text);
insert into e2e.whole select i, nullif('label ' || i, 'label 3') from generate_series(1, 5) i;
-- Its function warns of each row with its value; in a COPY the row of 2030 cannot be read.
create table e2e.noisy (id integer primary key, day date not null, secret text not null, spans int4range);
insert into e2e.noisy select i, case when i = 8 then date '2030-01-05' else date '2024-01-01' + i % 2 end, 'hunter2-' || i, int4range(i, i + 1) from generate_series(1, 8) i;
create function e2e.loud(secret text) returns text language plpgsql stable as $$ begin
    raise warning 'the secret is %', secret using detail = 'detail ' || secret;
    return case when secret = 'hunter2-8' and current_query() like 'copy%' then secret::integer::text else 'quiet' end;
end $$;
-- Rows that are checked before they are read again: one dataset by day, one without a range column.
create table e2e.checked (id bigint primary key, day date not null, label text not null);
insert into e2e.checked select i, date '2024-01-01' + ((i - 1) / 100)::integer, 'row ' || i from generate_series(1, 3000) i;
create index on e2e.checked (day);
create table e2e.listed (id integer primary key, label text);
insert into e2e.listed select i, nullif('label ' || i, 'label 3') from generate_series(1, 500) i;
-- Rows that change between two runs of `sluice sync`.
create table e2e.synced (id integer primary key, day date not null, label text not null);
insert into e2e.synced select i, date '2024-01-01' + i % 30, 'row ' || i from generate_series(1, 300) i;
create index on e2e.synced (day);
analyze e2e.synced;
-- Accounts in three tables. Transfers between them leave the sum of all amounts as it is.
create table e2e.ledger_a (id integer primary key, day date not null, amount bigint not null);
insert into e2e.ledger_a select i, date '2024-01-01' + i, 1000 from generate_series(1, 300) i;
create table e2e.ledger_b (like e2e.ledger_a including all);
insert into e2e.ledger_b select * from e2e.ledger_a;
create table e2e.ledger_c (like e2e.ledger_a including all);
insert into e2e.ledger_c select * from e2e.ledger_a;
create index on e2e.ledger_a (day);
create index on e2e.ledger_b (day);
create index on e2e.ledger_c (day);
analyze e2e.ledger_a, e2e.ledger_b, e2e.ledger_c;
analyze e2e.noisy, e2e.checked, e2e.listed;
analyze e2e.settled, e2e.together, e2e.erased, e2e.recent, e2e.visits, e2e.notes, e2e.nothing, e2e.slow, e2e.grown, e2e.altered, e2e.poison, e2e.whole;

grant usage on schema e2e, public to sluice_source;
grant select on all tables in schema e2e, public to sluice_source;
