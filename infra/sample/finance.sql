-- Invoices, payments and the books.

create schema finance;
create type finance.method as enum ('card', 'transfer', 'direct debit', 'wallet', 'gift card');
create domain finance.iban as text check (value ~ '^[A-Z]{2}00SMPL[0-9]{10}$');
create domain finance.yes_no as boolean;
create domain finance.rate as numeric(9,6) check (value > 0);

--- finance.invoices
create table finance.invoices (
    id         bigint          not null,
    number     char(14)        not null,
    order_id   bigint          not null,
    net        numeric(12,2)   not null,
    vat        numeric(12,2)   not null,
    gross      numeric(12,2)   not null generated always as (net + vat) stored,
    paid       finance.yes_no,
    issued_on  date            not null,
    due_on     date
);
insert into finance.invoices (id, number, order_id, net, vat, paid, issued_on, due_on)
select
    i, 'INV' || i, 1 + i * 8, sample.cents(50000, i, 1), sample.cents(9000, i, 2),
    (array[true, true, false, null])[1 + sample.h(i, 3) % 4], (at at time zone 'UTC')::date,
    case when sample.one_in(10, i, 4) then null else (at at time zone 'UTC')::date + 30 end
from sample.spread(sample.n(120000), 'shop');
alter table finance.invoices add primary key (id);
create index on finance.invoices (issued_on);

--- finance.payments
create table finance.payments (
    id          uuid            not null,
    invoice_id  bigint          not null,
    method      finance.method  not null,
    iban        finance.iban,
    amount      numeric(12,2)   not null,
    fee         numeric         not null,
    from_ip     inet,
    paid_at     timestamptz     not null
);
insert into finance.payments
select
    sample.uuid(i, 1), 1 + sample.h(i, 2) % sample.n(120000), (enum_range(null::finance.method))[1 + sample.h(i, 3) % 5],
    case when sample.one_in(2, i, 4) then 'NL00SMPL' || lpad((sample.h(i, 5) % 10000000000)::text, 10, '0') end,
    sample.cents(60000, i, 6), sample.h(i, 7) % 1000 / 1000.0,
    case when sample.one_in(5, i, 8) then null else sample.ip(i, 9) end, at
from sample.spread(sample.n(130000), 'shop');
alter table finance.payments add primary key (id);
create index on finance.payments (paid_at);

--- finance.refunds
create table finance.refunds (
    id           bigint         not null,
    payment_id   uuid           not null,
    amount       numeric(12,2)  not null,
    reason       text,
    refunded_at  timestamptz    not null
);
insert into finance.refunds
select
    i, sample.uuid(1 + i * 9, 1), sample.cents(20000, i, 1), sample.awkward(i, 2), at
from sample.spread(sample.n(12000), 'office');
alter table finance.refunds add primary key (id);
create index on finance.refunds (refunded_at);

--- finance.ledger_entries
create table finance.ledger_entries (
    id         bigint         not null,
    account    smallint       not null,
    debit      numeric(14,2),
    credit     numeric(14,2),
    text       varchar(60)    not null,
    batch      uuid           not null,
    booked_on  date           not null
);
insert into finance.ledger_entries
select
    i, 1 + sample.h(i, 1) % 80, case when i % 2 = 0 then sample.cents(1000000, i, 2) end,
    case when i % 2 = 1 then sample.cents(1000000, i, 2) end, sample.word(i, 3) || ', ' || sample.word(i, 4),
    sample.uuid(i / 100, 5), (at at time zone 'UTC')::date
from sample.spread(sample.n(100000), 'office');
alter table finance.ledger_entries add primary key (id);
create index on finance.ledger_entries (booked_on);

--- finance.ledger_accounts
create table finance.ledger_accounts (
    id         smallint  not null,
    code       char(4)   not null,
    name       text      not null,
    opened_on  date      not null,
    closed_on  date
);
insert into finance.ledger_accounts
select
    i, 1000 + i * 10, initcap(sample.word(i, 1)) || ' account', date '2001-01-01' + (i * 31)::integer,
    case when i % 7 = 0 then date '2020-02-29' end
from generate_series(1, 80) i;
alter table finance.ledger_accounts add primary key (id);

--- finance.exchange_rates
create table finance.exchange_rates (
    day       date              not null,
    currency  char(3)           not null,
    rate      finance.rate      not null,
    spread    real              not null,
    inverse   double precision  not null
);
insert into finance.exchange_rates
select
    day::date, c.code, 1 + (sample.h(extract(epoch from day)::bigint, c.n) % 100000) * 0.00001,
    (sample.h(c.n, extract(epoch from day)::bigint) % 1000)::real / 3e5,
    1 / (1 + (sample.h(extract(epoch from day)::bigint, c.n) % 100000)::float8 / 1e5)
from generate_series(timestamp '2023-08-21', timestamp '2024-08-14', interval '1 day') day, unnest(array['CHF', 'CZK',
    'DKK', 'GBP', 'HUF', 'NOK', 'PLN', 'SEK', 'USD', 'JPY']) with ordinality c (code, n);
alter table finance.exchange_rates add primary key (day, currency);

--- finance.tax_rates
create table finance.tax_rates (
    country  char(2)       not null,
    kind     text          not null,
    percent  numeric(5,2)  not null,
    valid    daterange     not null,
    note     text
);
insert into finance.tax_rates
select
    distinct on (country, kind) country, kind, 5 + sample.cents(1800, n, 1),
    daterange(date '2019-01-01' + n::integer, null), sample.awkward(n, 2)
from unnest(sample.countries()) with ordinality c (country, n), unnest(array['high', 'low', 'zero']) kind order by country,
    kind, n;
alter table finance.tax_rates add primary key (country, kind);

--- finance.payouts
create table finance.payouts (
    id           integer        not null,
    iban         finance.iban   not null,
    amount       numeric(14,2)  not null,
    statement    xid8,
    executed_at  timestamp(3)   not null
);
insert into finance.payouts
select
    i, 'DE00SMPL' || lpad(i::text, 10, '0'), 1000 + sample.cents(90000000, i, 1),
    case when i % 2 = 0 then (1000000 + i)::text::xid8 end, at at time zone 'UTC'
from sample.spread(300, 'office');
alter table finance.payouts add primary key (id);
create index on finance.payouts (executed_at);

--- finance.disputes
create table finance.disputes (
    id          integer         not null,
    payment_id  uuid            not null,
    opened_at   timestamptz     not null,
    closed_at   timestamptz,
    won         finance.yes_no,
    evidence    bytea,
    letters     text[]
);
insert into finance.disputes
select
    i, sample.uuid(i * 13, 1), at, case when sample.one_in(3, i, 1) then null else at + interval '20 days' end,
    (array[true, false, null])[1 + sample.h(i, 2) % 3], case when i % 4 > 0 then sha256(i::text::bytea) end,
    array[sample.awkward(i, 3), sample.awkward(i, 4)]
from sample.spread(sample.n(500), 'flat');
alter table finance.disputes add primary key (id);
create index on finance.disputes (opened_at);

--- finance.account_invoices
-- Invoices of business accounts. Each account is a tenant and sees only its own.
create table finance.account_invoices (
    id         bigint         not null,
    account    text           not null,
    lines      jsonb          not null,
    total      numeric(12,2)  not null,
    issued_on  date           not null,
    paid_on    date
);
insert into finance.account_invoices
select
    i, (array['demo', 'other', 'north, "ltd"'])[1 + sample.h(i, 1) % 3],
    jsonb_build_array(jsonb_build_object('text', sample.sentence(i, 2), 'amount', sample.h(i, 3) % 1000)),
    sample.cents(500000, i, 4), (at at time zone 'UTC')::date,
    case when sample.one_in(4, i, 5) then null else (at at time zone 'UTC')::date + 21 end
from sample.spread(sample.n(8000), 'office');
alter table finance.account_invoices add primary key (id);
create index on finance.account_invoices (account, issued_on);

--- finance.legacy_bookings
-- From the old system: names that need quoting, a dropped column, numbers of every size.
create table finance.legacy_bookings (
    "Booking No"  bigint            not null,
    gone          text,
    "select"      text,
    "Net, total"  numeric,
    "a ""name"""  varchar(10),
    "größe"       double precision,
    booked        timestamp         not null
);
alter table finance.legacy_bookings drop column gone;
insert into finance.legacy_bookings
select
    i, sample.awkward(i, 1),
    (array['NaN', 'Infinity', '-Infinity', '0', '-0.000', '1e30', '-1e-20', '123456789012345678901234567890.123456789',
        '10000', '0.0001', '99999999.9900', null])[1 + i % 12]::numeric,
    left(sample.awkward(i, 2), 10),
    (array['NaN', 'Infinity', '-Infinity', '0', '-0', '1e-5', '0.0001', '123456789012345', '1e15', '1e16', '5e-324',
        '1.7976931348623157e308', '20000000000000008', '0.1', null])[1 + i % 15]::float8,
    at at time zone 'America/New_York'
from sample.spread(sample.n(1000), 'flat');
create index on finance.legacy_bookings (booked);
