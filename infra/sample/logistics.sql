-- From the warehouse to the door.

create schema logistics;
create type logistics.state as enum ('announced', 'collected', 'in transit', 'at the door', 'delivered', 'lost "forever"');

--- logistics.shipments
create table logistics.shipments (
    id          bigint           not null,
    order_id    bigint           not null,
    carrier_id  smallint         not null,
    state       logistics.state  not null,
    weight_kg   real             not null,
    cost        numeric(8,2)     not null,
    transit     interval,
    shipped_at  timestamptz      not null
);
insert into logistics.shipments
select
    i, 1 + i * 7, 1 + sample.h(i, 1) % 5, (enum_range(null::logistics.state))[1 + sample.h(i, 2) % 6],
    (sample.h(i, 3) % 40000)::real / 1000, 2.5 + sample.cents(3000, i, 4),
    case when sample.one_in(4, i, 5) then null else (sample.h(i, 6) % 700000) * interval '1 second' end, at
from sample.spread(sample.n(140000), 'shop');
alter table logistics.shipments add primary key (id);
create index on logistics.shipments (shipped_at);

--- logistics.parcels
create table logistics.parcels (
    id           bigint       not null,
    shipment_id  bigint       not null,
    barcode      varchar(24)  not null,
    size_mm      integer[]    not null,
    fragile      boolean      not null,
    shipped_on   date         not null
);
insert into logistics.parcels
select
    i, 1 + i * 2, 'SMP' || lpad(i::text, 12, '0') || sample.h(i, 1) % 10,
    array[50 + sample.h(i, 2) % 500, 50 + sample.h(i, 3) % 500, 20 + sample.h(i, 4) % 300], sample.one_in(12, i, 5),
    (at at time zone 'UTC')::date
from sample.spread(sample.n(60000), 'shop');
alter table logistics.parcels add primary key (id);
create index on logistics.parcels (shipped_on);

--- logistics.carriers
create table logistics.carriers (
    id            smallint  not null,
    name          text      not null,
    tracking_url  text,
    cut_off       time(0)   not null,
    api_host      inet      not null,
    days          bit(7)    not null
);
insert into logistics.carriers
select
    i, 'Carrier ' || initcap(sample.word(i, 1)),
    case when i <> 3 then 'https://' || sample.word(i, 1) || '.example/track?id={id}' end,
    time '14:30' + i * interval '30 minutes',
    case i when 1 then '192.0.2.1/24' when 2 then '2001:db8::/32' when 3 then '198.51.100.7/32' else ('203.0.113.' || i)
        end::inet,
    (120 + i)::integer::bit(7)
from generate_series(1, 5) i;
alter table logistics.carriers add primary key (id);

--- logistics.carrier_rates
create table logistics.carrier_rates (
    carrier_id  smallint      not null,
    country     char(2)       not null,
    weight      numrange      not null,
    price       numeric(8,2)  not null,
    surcharge   numeric(6,4)
);
insert into logistics.carrier_rates
select
    1 + i % 5, sample.pick(sample.countries(), i, 1),
    numrange(i % 10, case when i % 10 = 9 then null else i % 10 + 1.5 end, '(]'), 3 + sample.cents(2000, i, 2),
    case when i % 3 = 0 then 0.0825 end
from generate_series(1, 500) i;

--- logistics.tracking_events
create table logistics.tracking_events (
    parcel_id    bigint           not null,
    seq          smallint         not null,
    state        logistics.state  not null,
    place        text,
    scanner      macaddr          not null,
    position     point,
    happened_at  timestamptz      not null
);
insert into logistics.tracking_events
select
    1 + i / 3, i % 3, (enum_range(null::logistics.state))[1 + i % 5],
    case when sample.one_in(4, i, 1) then null else sample.pick(sample.cities(), i, 2) end,
    ('02:00:5e:00:53:' || lpad(to_hex(sample.h(i, 3) % 256), 2, '0'))::macaddr,
    case when sample.one_in(6, i, 4) then point((sample.h(i, 5) % 100000) / 1e3, 51) end, at
from sample.spread(sample.n(140000), 'shop');
alter table logistics.tracking_events add primary key (parcel_id, seq);
create index on logistics.tracking_events (happened_at);

--- logistics.pickup_points
create table logistics.pickup_points (
    id             integer   not null,
    name           text      not null,
    address        text      not null,
    location       point     not null,
    opening_hours  jsonb     not null,
    keywords       tsvector
);
insert into logistics.pickup_points
select
    i, initcap(sample.word(i, 1)) || ' corner', sample.street(i) || E'\n' || sample.pick(sample.cities(), i, 2),
    point(i / 100.0, i / 90.0), jsonb_build_object('mon-fri', array['08:00', '18:00'], 'sun', null),
    to_tsvector('simple', sample.sentence(i, 3))
from generate_series(1, sample.n(800)) i;
alter table logistics.pickup_points add primary key (id);

--- logistics.delivery_windows
create table logistics.delivery_windows (
    id                integer       not null,
    shipment_id       bigint        not null,
    day               date          not null,
    window_utc        tstzrange     not null,
    alternatives      tsmultirange,
    chosen_by_client  boolean       not null
);
insert into logistics.delivery_windows
select
    i, 1 + sample.h(i, 1) % sample.n(140000), (at at time zone 'UTC')::date, tstzrange(at, at + interval '2 hours'),
    case when sample.one_in(3, i, 2) then tsmultirange(tsrange('2024-01-01', '2024-01-02'), tsrange('2024-02-01 10:00',
        null)) end,
    sample.one_in(3, i, 3)
from sample.spread(sample.n(6000), 'office');
alter table logistics.delivery_windows add primary key (id);
create index on logistics.delivery_windows (day);

--- logistics.damages
-- Small enough to live without an index on its range column.
create table logistics.damages (
    id           integer  not null,
    parcel_id    bigint   not null,
    description  text     not null,
    photo        bytea,
    claim        money,
    reported_on  date     not null
);
insert into logistics.damages
select
    i, 1 + sample.h(i, 1) % sample.n(60000), coalesce(sample.awkward(i, 2), 'wet'),
    case when i % 3 = 0 then decode(md5(i::text), 'hex') end, (sample.h(i, 3) % 300)::integer::money,
    (at at time zone 'UTC')::date
from sample.spread(sample.n(400), 'flat');
alter table logistics.damages add primary key (id);

--- logistics.routes
create table logistics.routes (
    id           integer           not null,
    name         text              not null,
    stops        integer[]         not null,
    legs         integer[]         not null,
    line         path,
    distance_km  double precision  not null
);
insert into logistics.routes
select
    i, 'Route ' || i, array[i, i + 7, i + 11], array[[1, i], [2, null]]::integer[],
    ('[(0,0),(' || i || ',2.5),(' || i * 2 || ',-1)]')::path, sqrt(i::float8) * 12.5
from generate_series(1, 300) i;
alter table logistics.routes add primary key (id);

--- logistics.customs_forms
create table logistics.customs_forms (
    id              integer        not null,
    shipment_id     bigint         not null,
    form            json           not null,
    declared_value  numeric(12,2)  not null,
    stamped_at      timestamptz    not null
);
insert into logistics.customs_forms
select
    i, 1 + i, ('{"b":1, "a": "' || sample.word(i, 1) || '", "a" : [ ], "text":"line\nnext \"quoted\" \u00e9"}')::json,
    sample.cents(1000000, i, 2), at
from sample.spread(sample.n(5000), 'gap');
alter table logistics.customs_forms add primary key (id);
create index on logistics.customs_forms (stamped_at);
