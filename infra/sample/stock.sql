-- What lies where, and where it comes from.

create schema stock;
create type stock.movement as enum ('received', 'picked', 'moved', 'counted', 'lost');

--- stock.warehouses
create table stock.warehouses (
    id        smallint  not null,
    name      text      not null,
    city      text      not null,
    location  point     not null,
    area      polygon,
    opens     time      not null,
    network   cidr      not null,
    gateway   macaddr   not null
);
insert into stock.warehouses
select
    i, 'Warehouse ' || sample.word(i, 1), sample.pick(sample.cities(), i, 2), point(4.5 + i, 51.25 + i / 3.0),
    case when i % 2 = 0 then polygon(box(point(0, 0), point(i, i * 1.5))) end, time '06:00' + i * interval '15 minutes',
    ('192.0.2.' || i * 16 || '/28')::cidr, ('02:00:5e:00:53:0' || i)::macaddr
from generate_series(1, 6) i;
alter table stock.warehouses add primary key (id);

--- stock.bins
create table stock.bins (
    id            integer      not null,
    warehouse_id  smallint     not null,
    code          varchar(10)  not null,
    shelves       int4range    not null,
    volume_l      real         not null,
    is_cold       boolean      not null,
    checks        date[]
);
insert into stock.bins
select
    i, 1 + i % 6, chr(65 + (i % 26)::integer) || '-' || i,
    int4range((i % 5)::integer, (i % 5 + sample.h(i, 1) % 9)::integer),
    case when i % 100 = 0 then 'Infinity'::real else (sample.h(i, 2) % 5000)::real / 3 end, i % 7 = 0,
    case when i % 3 > 0 then array[date '2023-08-31' + (i % 200)::integer, null, 'infinity'] end
from generate_series(1, sample.n(2000)) i;
alter table stock.bins add primary key (id);

--- stock.stock_levels
create table stock.stock_levels (
    product_id    integer        not null,
    warehouse_id  smallint       not null,
    on_hand       integer        not null,
    reserved      integer        not null,
    reorder_at    integer,
    value         numeric(14,4)  not null
);
insert into stock.stock_levels
select
    1 + i / 2, 1 + i % 2 * 3, (sample.h(i, 1) % 4000)::integer - 3, sample.h(i, 2) % 40,
    case when sample.one_in(3, i, 3) then 50 end, (sample.h(i, 4) % 100000000) * 0.0001
from generate_series(0, sample.n(24000) - 1) i;
alter table stock.stock_levels add primary key (product_id, warehouse_id);

--- stock.stock_movements
create table stock.stock_movements (
    id          bigint          not null,
    product_id  integer         not null,
    bin_id      integer         not null,
    kind        stock.movement  not null,
    quantity    integer         not null,
    by_whom     text,
    moved_at    timestamptz     not null
);
insert into stock.stock_movements
select
    i, 1 + sample.h(i, 1) % sample.n(12000), 1 + sample.h(i, 2) % sample.n(2000),
    (enum_range(null::stock.movement))[1 + sample.h(i, 3) % 5], (sample.h(i, 4) % 60)::integer - 30,
    case when sample.one_in(3, i, 5) then null else sample.person(i % 80) end, at
from sample.spread(sample.n(150000), 'office');
alter table stock.stock_movements add primary key (id);
create index on stock.stock_movements (moved_at);

--- stock.stock_counts
create table stock.stock_counts (
    id          integer  not null,
    bin_id      integer  not null,
    expected    integer  not null,
    counted     integer,
    difference  integer  generated always as (counted - expected) stored,
    counted_on  date     not null
);
insert into stock.stock_counts (id, bin_id, expected, counted, counted_on)
select
    i, 1 + sample.h(i, 1) % sample.n(2000), sample.h(i, 2) % 500,
    case when sample.one_in(9, i, 3) then null else sample.h(i, 4) % 500 end, (at at time zone 'UTC')::date
from sample.spread(sample.n(8000), 'office');
alter table stock.stock_counts add primary key (id);
create index on stock.stock_counts (counted_on);

--- stock.suppliers
create table stock.suppliers (
    id         integer   not null,
    name       text      not null,
    country    char(2)   not null,
    lead_time  interval  not null,
    contact    text,
    terms      text
);
insert into stock.suppliers
select
    i, sample.company(i), sample.pick(sample.countries(), i, 1),
    case i % 4 when 0 then interval '1 mon 2 days' when 1 then interval '-1 day +02:03:04.5' when 2 then interval '0'
        else (i * 7) * interval '1 hour' end,
    sample.person(i), sample.awkward(i, 2)
from generate_series(1, 150) i;
alter table stock.suppliers add primary key (id);

--- stock.purchase_orders
create table stock.purchase_orders (
    id           integer        not null,
    supplier_id  integer        not null,
    ordered_on   date           not null,
    expected     daterange,
    total        numeric(14,2)  not null,
    approved     boolean
);
insert into stock.purchase_orders
select
    i, 1 + sample.h(i, 1) % 150, (at at time zone 'UTC')::date,
    case i % 4 when 0 then null when 1 then 'empty' when 2 then daterange((at at time zone 'UTC')::date, null)
        else daterange((at at time zone 'UTC')::date + 3, (at at time zone 'UTC')::date + 9, '[]') end::daterange,
    sample.cents(90000000, i, 2), (array[true, true, false, null])[1 + sample.h(i, 3) % 4]
from sample.spread(sample.n(5000), 'office');
alter table stock.purchase_orders add primary key (id);
create index on stock.purchase_orders (ordered_on);

--- stock.purchase_order_lines
create table stock.purchase_order_lines (
    purchase_order_id  integer        not null,
    line               smallint       not null,
    product_id         integer        not null,
    quantity           integer        not null,
    unit_cost          numeric(12,6)  not null,
    ordered_on         date           not null
);
insert into stock.purchase_order_lines
select
    1 + (i - 1) / 4, 1 + (i - 1) % 4, 1 + sample.h(i, 1) % sample.n(12000), 10 * (1 + sample.h(i, 2) % 100),
    (sample.h(i, 3) % 100000000) * 0.000001, (at at time zone 'UTC')::date
from sample.spread(sample.n(20000), 'office');
alter table stock.purchase_order_lines add primary key (purchase_order_id, line);
create index on stock.purchase_order_lines (ordered_on);

--- stock.deliveries
create table stock.deliveries (
    id                 integer    not null,
    purchase_order_id  integer    not null,
    dock               char(2)    not null,
    pallets            smallint   not null,
    arrived_at         timestamp  not null,
    unloading          tsrange,
    seal               text
);
insert into stock.deliveries
select
    i, 1 + sample.h(i, 1) % sample.n(5000), 'D' || i % 9, 1 + sample.h(i, 2) % 33, at at time zone 'Europe/Berlin',
    case when sample.one_in(5, i, 3) then null else tsrange(at at time zone 'Europe/Berlin',
        (at + interval '47 minutes') at time zone 'Europe/Berlin') end,
    sample.awkward(i, 4)
from sample.spread(sample.n(5000), 'office');
alter table stock.deliveries add primary key (id);
create index on stock.deliveries (arrived_at);

--- stock.transfers
create table stock.transfers (
    id       integer      not null,
    from_id  smallint     not null,
    to_id    smallint     not null,
    lines    jsonb        not null,
    left_at  timestamptz  not null
);
insert into stock.transfers
select
    i, 1 + i % 6, 1 + (i + 2) % 6,
    (select jsonb_agg(jsonb_build_object('product', sample.h(i, l), 'pieces', l)) from generate_series(1, 1 + i % 4) l), at
from sample.spread(sample.n(3000), 'office');
alter table stock.transfers add primary key (id);
create index on stock.transfers (left_at);

--- stock.lots
create table stock.lots (
    id           integer      not null,
    product_id   integer      not null,
    lot          char(10)     not null,
    made_on      date         not null,
    expires_on   date,
    recalled_at  timestamptz
);
insert into stock.lots
select
    i, 1 + sample.h(i, 1) % sample.n(12000), 'L' || i, (at at time zone 'UTC')::date,
    case sample.h(i, 2) % 5 when 0 then null when 1 then 'infinity' else (at at time zone 'UTC')::date + 365 end,
    case sample.h(i, 3) % 50 when 0 then 'infinity' when 1 then '-infinity'
        when 2 then timestamptz '0099-12-31 23:59:59.5+00 BC' when 3 then timestamptz '12024-01-01 00:00:00+00' end
from sample.spread(sample.n(5000), 'flat');
alter table stock.lots add primary key (id);
create index on stock.lots (made_on);

--- stock.quality_checks
-- Checks that are planned but not done have no time: the catalog keeps them.
create table stock.quality_checks (
    id          integer             not null,
    lot_id      integer             not null,
    inspector   text                not null,
    passed      boolean,
    readings    double precision[]  not null,
    remark      text,
    checked_at  timestamptz
);
insert into stock.quality_checks
select
    i, 1 + sample.h(i, 1) % sample.n(5000), sample.person(i % 12),
    case when sample.one_in(5, i, 2) then null else sample.one_in(2, i, 3) end,
    array[(sample.h(i, 4) % 1000)::float8 / 3, 'NaN', 1e22, -0.0], sample.awkward(i, 5),
    case when sample.one_in(5, i, 2) then null else at end
from sample.spread(sample.n(4000), 'office');
alter table stock.quality_checks add primary key (id);
create index on stock.quality_checks (checked_at);
