-- The shop: what is sold, ordered and sent back.

create schema shop;
create type shop.order_status as enum ('new', 'paid', 'packed', 'shipped', 'delivered', 'returned', 'cancelled');
create type shop.address as (street text, city text, country char(2));
create domain shop.sku as char(12) check (value ~ '^[A-Z]{2}-[0-9]+ *$');

--- shop.orders
create table shop.orders (
    id          bigint             not null,
    number      varchar(16)        not null,
    client_id   integer            not null,
    status      shop.order_status  not null,
    country     char(2)            not null,
    currency    char(3)            not null,
    total       numeric(12,2)      not null,
    shipping    numeric(8,2)       not null,
    is_gift     boolean            not null,
    channel     varchar(12),
    ship_to     text               not null,
    tags        text[]             not null,
    meta        jsonb              not null,
    note        text,
    created_at  timestamptz        not null,
    paid_at     timestamptz
);
insert into shop.orders
select
    i, 'S' || 20000000 + i, 1 + sample.h(i, 1) % sample.n(40000),
    (enum_range(null::shop.order_status))[1 + sample.h(i, 2) % 7], sample.pick(sample.countries(), i, 3),
    case when sample.one_in(12, i, 4) then 'CHF' else 'EUR' end,
    (1 + sample.h(i, 5) % 2000) * (1 + sample.h(i, 6) % 9) * 0.05, (sample.h(i, 7) % 4) * 2.95, sample.one_in(20, i, 8),
    (array['web', 'app', 'store', 'phone', null])[1 + sample.h(i, 9) % 5],
    initcap(sample.word(i, 10)) || 'weg ' || 1 + sample.h(i, 11) % 200 || ', ' || sample.pick(sample.cities(), i, 12),
    (array[sample.word(i, 13), 'two words', sample.word(i, 14)])[1:(sample.h(i, 15) % 4)::integer],
    jsonb_build_object('basket', sample.h(i, 16) % 1000000, 'coupon', case
        when sample.one_in(9, i, 17) then sample.word(i, 18) end),
    case when sample.one_in(16, i, 19) then sample.awkward(i, 20) end, at,
    case when sample.one_in(11, i, 21) then null else at + (sample.h(i, 22) % 7200000) * interval '1 millisecond' end
from sample.spread(sample.n(1000000), 'shop');
alter table shop.orders add primary key (id);
create index on shop.orders (created_at);

--- shop.order_lines
create table shop.order_lines (
    id          bigint         not null,
    order_id    bigint         not null,
    line        smallint       not null,
    sku         shop.sku       not null,
    quantity    integer        not null,
    unit_price  numeric(10,2)  not null,
    discount    real           not null,
    amount      numeric(14,2)  not null generated always as (unit_price * quantity) stored,
    created_at  timestamptz    not null
);
insert into shop.order_lines (id, order_id, line, sku, quantity, unit_price, discount, created_at)
select
    i, 1 + (i * 10) / 11, 1 + i % 11, (array['AB', 'CD', 'EF'])[1 + sample.h(i, 1) % 3] || '-' || sample.h(i, 2) % 12000,
    1 + sample.h(i, 3) % 9, 0.95 + (sample.h(i, 4) % 20000) * 0.01, (sample.h(i, 5) % 20)::real / 100, at
from sample.spread(sample.n(1100000), 'shop');
alter table shop.order_lines add primary key (id);
create index on shop.order_lines (created_at);

--- shop.order_events
-- One partition per quarter, one of them without rows, and a default partition.
create table shop.order_events (
    id        bigint             not null,
    order_id  bigint             not null,
    at        timestamptz(3)     not null,
    was       shop.order_status,
    became    shop.order_status  not null,
    actor     text               not null,
    details   json
) partition by range (at);
create table shop.order_events_2023q3 partition of shop.order_events for values from ('2023-07-01 00:00+00') to ('2023-10-01 00:00+00');
create table shop.order_events_2023q4 partition of shop.order_events for values from ('2023-10-01 00:00+00') to ('2024-01-01 00:00+00');
create table shop.order_events_2024q1 partition of shop.order_events for values from ('2024-01-01 00:00+00') to ('2024-04-01 00:00+00');
create table shop.order_events_2024q2 partition of shop.order_events for values from ('2024-04-01 00:00+00') to ('2024-07-01 00:00+00');
create table shop.order_events_2024q4 partition of shop.order_events for values from ('2024-10-01 00:00+00') to ('2025-01-01 00:00+00');
create table shop.order_events_other partition of shop.order_events default;
insert into shop.order_events
select
    i, 1 + sample.h(i, 1) % sample.n(1000000), at,
    case when sample.one_in(5, i, 2) then null else (enum_range(null::shop.order_status))[1 + sample.h(i, 3) % 6] end,
    (enum_range(null::shop.order_status))[2 + sample.h(i, 3) % 6],
    case when sample.one_in(3, i, 4) then sample.person(i) else 'system' end,
    case when sample.one_in(4, i, 5) then ('{"reason": "' || sample.word(i, 6) || '",  "seen":[1,' || i % 10 || ' ]}')::json
        end
from sample.spread(sample.n(120000), 'shop');
alter table shop.order_events add primary key (id, at);
create index on shop.order_events (at);

--- shop.order_notes
create table shop.order_notes (
    id          bigint       not null,
    order_id    bigint       not null,
    author      text         not null,
    body        text,
    written_at  timestamptz  not null
);
insert into shop.order_notes
select
    i, 1 + sample.h(i, 1) % sample.n(1000000), sample.person(i), sample.awkward(i, 2), at
from sample.spread(sample.n(20000), 'office');
alter table shop.order_notes add primary key (id);
create index on shop.order_notes (written_at);

--- shop.carts
-- The wall clock of Amsterdam, with its hour too few in March and its hour twice in October.
create table shop.carts (
    id          uuid       not null,
    client_id   integer,
    items       smallint   not null,
    started_at  timestamp  not null,
    idle        interval   not null,
    converted   boolean
);
insert into shop.carts
select
    sample.uuid(i, 1), case when sample.one_in(3, i, 2) then 1 + sample.h(i, 3) % sample.n(40000) end, sample.h(i, 4) % 30,
    at at time zone 'Europe/Amsterdam',
    (sample.h(i, 5) % 200000 - 400) * interval '1 second' + (sample.h(i, 6) % 3) * interval '1 month',
    (array[true, false, null])[1 + sample.h(i, 7) % 3]
from sample.spread(sample.n(40000), 'shop');
alter table shop.carts add primary key (id);
create index on shop.carts (started_at);

--- shop.cart_items
create table shop.cart_items (
    cart_id   uuid          not null,
    position  smallint      not null,
    sku       shop.sku      not null,
    options   jsonb,
    price     numeric       not null,
    added_at  timestamp(0)  not null
);
insert into shop.cart_items
select
    sample.uuid(1 + i % sample.n(40000), 1), i / sample.n(40000), 'AB-' || sample.h(i, 1) % 12000,
    case when sample.one_in(2, i, 2) then jsonb_build_object('colour', sample.word(i, 3), 'engraving', sample.awkward(i, 4))
        end,
    case when sample.one_in(500, i, 5) then 'NaN'::numeric else (sample.h(i, 6) % 10000000) / (1 + sample.h(i,
        7) % 7)::numeric end,
    date_trunc('second', at at time zone 'Europe/Amsterdam')
from sample.spread(sample.n(60000), 'shop');
alter table shop.cart_items add primary key (cart_id, position);
create index on shop.cart_items (added_at);

--- shop.products
create table shop.products (
    id           integer           not null,
    sku          shop.sku          not null,
    title        varchar(80)       not null,
    description  text,
    category_id  smallint          not null,
    brand_id     smallint          not null,
    price        numeric(10,2)     not null,
    weight_kg    double precision,
    attributes   jsonb             not null,
    colours      text[],
    sizes        integer[]         not null,
    barcode      bigint            not null,
    rating       real,
    is_active    boolean           not null
);
insert into shop.products
select
    i, (array['AB', 'CD', 'EF'])[1 + i % 3] || '-' || i,
    initcap(sample.word(i, 1)) || case when sample.one_in(7, i, 2) then ', large ' else ' ' end || sample.word(i, 3) || case
        when sample.one_in(30, i, 4) then ' 12"' else '' end,
    case when sample.one_in(4, i, 5) then sample.awkward(i, 6) else sample.sentence(i, 7) end, 1 + sample.h(i, 8) % 120,
    1 + sample.h(i, 9) % 60, 0.95 + sample.cents(25000, i, 10),
    case when sample.one_in(40, i, 11) then 'NaN' when sample.one_in(40, i, 12) then 'Infinity'
        else (sample.h(i, 13) % 1000000)::float8 / 7e4 end,
    jsonb_build_object('material', sample.word(i, 14), 'care', jsonb_build_array(sample.h(i, 15) % 90, sample.one_in(2, i,
        16), null)),
    case when sample.one_in(5, i, 17) then null else array[sample.word(i, 18), sample.word(i, 19)] end,
    case sample.h(i, 20) % 3 when 0 then '{}' when 1 then array[36, 38, 40] else array[null, 1] end::integer[],
    8710000000000 + sample.h(i, 21) % 999999999, (sample.h(i, 22) % 51)::real / 10, not sample.one_in(8, i, 23)
from generate_series(1, sample.n(12000)) i;
alter table shop.products add primary key (id);

--- shop.product_prices
create table shop.product_prices (
    product_id  integer        not null,
    valid_from  date           not null,
    valid       daterange      not null,
    price       numeric(10,2)  not null,
    old_price   numeric(10,2)
);
insert into shop.product_prices
select
    1 + i % sample.n(12000), (at at time zone 'UTC')::date,
    daterange((at at time zone 'UTC')::date, case when sample.one_in(3, i, 1) then null
        else (at at time zone 'UTC')::date + 30 end),
    0.95 + sample.cents(25000, i, 2), case when sample.one_in(2, i, 3) then sample.cents(30000, i, 4) end
from sample.spread(sample.n(20000), 'office');
create index on shop.product_prices (valid_from);

--- shop.product_reviews
create table shop.product_reviews (
    id          integer      not null,
    product_id  integer      not null,
    stars       smallint     not null,
    title       text         not null,
    body        text,
    author      text         not null,
    posted_at   timestamptz  not null
);
insert into shop.product_reviews
select
    i, 1 + sample.h(i, 1) % sample.n(12000), 1 + sample.h(i, 2) % 5, initcap(sample.word(i, 3)) || '!',
    sample.awkward(i, 4), sample.person(i), at
from sample.spread(sample.n(25000), 'shop');
alter table shop.product_reviews add primary key (id);
create index on shop.product_reviews (posted_at);

--- shop.product_images
create table shop.product_images (
    id          integer   not null,
    product_id  integer   not null,
    media_type  text      not null,
    width       smallint  not null,
    height      smallint  not null,
    thumbnail   bytea,
    digest      bytea     not null
);
insert into shop.product_images
select
    i, 1 + sample.h(i, 1) % sample.n(12000), (array['image/png', 'image/webp'])[1 + i % 2], 64 + sample.h(i, 2) % 2000,
    64 + sample.h(i, 3) % 2000,
    case when sample.one_in(10, i, 4) then null when sample.one_in(10, i, 5) then ''
        else decode(repeat(md5(i::text), 1 + (sample.h(i, 6) % 60)::integer), 'hex') end,
    sha256(i::text::bytea)
from generate_series(1, sample.n(2000)) i;
alter table shop.product_images add primary key (id);

--- shop.categories
create table shop.categories (
    id         smallint  not null,
    parent_id  smallint,
    name       text      not null,
    path       text[]    not null,
    position   integer   not null
);
insert into shop.categories
select
    i, case when i > 10 then 1 + i % 10 end, initcap(sample.word(i, 1)),
    array['all', sample.word(1 + i % 10, 1), sample.word(i, 1)], i * 10
from generate_series(1, 120) i;
alter table shop.categories add primary key (id);

--- shop.brands
create table shop.brands (
    id          smallint     not null,
    name        varchar(40)  not null,
    founded_on  date,
    website     text,
    country     char(2)
);
insert into shop.brands
select
    i, initcap(sample.word(i, 1)) || case when i % 9 = 0 then ', "the original"' else ' & ' || sample.word(i, 2) end,
    case i % 6 when 0 then null when 1 then date '0044-03-15 BC' + i::integer when 2 then 'infinity' when 3 then '-infinity'
        else date '1890-01-01' + (i * 577)::integer end,
    'https://' || sample.word(i, 1) || '.example/', case when i % 5 > 0 then sample.pick(sample.countries(), i, 3) end
from generate_series(1, 60) i;
alter table shop.brands add primary key (id);

--- shop.coupons
create table shop.coupons (
    code        varchar(20)     not null,
    percent     numeric(5,2)    not null,
    valid_from  date            not null,
    valid_to    date            not null,
    stackable   bit(1)          not null,
    flags       bit varying(8)
);
insert into shop.coupons
select
    upper(sample.word(i, 1)) || i, (1 + sample.h(i, 2) % 200) * 0.25, (at at time zone 'UTC')::date,
    case when sample.one_in(6, i, 3) then 'infinity' else (at at time zone 'UTC')::date + (sample.h(i, 4) % 90)::integer
        end,
    (i % 2)::integer::bit(1),
    case when sample.one_in(3, i, 5) then null else (sample.h(i, 6) % 256)::integer::bit(8)::bit varying(8) end
from sample.spread(sample.n(1500), 'office');
alter table shop.coupons add primary key (code);
create index on shop.coupons (valid_from);

--- shop.coupon_uses
create table shop.coupon_uses (
    id        bigint         not null,
    code      varchar(20)    not null,
    order_id  bigint         not null,
    saved     numeric(10,2)  not null,
    used_at   timestamptz    not null
);
insert into shop.coupon_uses
select
    i, upper(sample.word(1 + i % 1500, 1)) || 1 + i % 1500, 1 + sample.h(i, 2) % sample.n(1000000),
    sample.cents(5000, i, 3), at
from sample.spread(sample.n(12000), 'shop');
alter table shop.coupon_uses add primary key (id);
create index on shop.coupon_uses (used_at);

--- shop.gift_cards
create table shop.gift_cards (
    id         uuid      not null,
    code       char(19)  not null,
    amount     money     not null,
    spent      money,
    issued_on  date      not null,
    message    text
);
insert into shop.gift_cards
select
    sample.uuid(i, 1), to_char(sample.h(i, 2) % 10000000000000000, 'FM0000-0000-0000-0000'),
    (5 * (1 + sample.h(i, 3) % 20))::numeric::money,
    case when sample.one_in(2, i, 4) then (sample.h(i, 5) % 500 - 20)::numeric::money / 7 end,
    (at at time zone 'UTC')::date, sample.awkward(i, 6)
from sample.spread(sample.n(3000), 'shop');
alter table shop.gift_cards add primary key (id);
create index on shop.gift_cards (issued_on);

--- shop.return_reasons
create table shop.return_reasons (
    code            char(6)  not null,
    reason          text     not null,
    free_of_charge  boolean  not null
);
insert into shop.return_reasons values
    ('SIZE', 'too small, or too large', true), ('COLOUR', 'not the colour in the picture', true), ('BROKEN',
        'arrived broken', true),
    ('LATE', 'arrived too late', true), ('DOUBLE', 'ordered twice', false), ('MIND', E'changed my mind\n(within 30 days)',
        false),
    ('GIFT', '"they had it already"', false), ('NONE', '', false);
alter table shop.return_reasons add primary key (code);

--- shop.returns
create table shop.returns (
    id           integer        not null,
    order_id     bigint         not null,
    sku          shop.sku       not null,
    reason_code  char(6)        not null,
    quantity     smallint       not null,
    credit       numeric(10,2),
    returned_on  date           not null
);
insert into shop.returns
select
    i, 1 + sample.h(i, 1) % sample.n(1000000), 'CD-' || sample.h(i, 2) % 12000,
    (array['SIZE', 'COLOUR', 'BROKEN', 'LATE', 'DOUBLE', 'MIND', 'GIFT', 'NONE'])[1 + sample.h(i, 3) % 8],
    1 + sample.h(i, 4) % 3, case when sample.one_in(7, i, 5) then null else sample.cents(30000, i, 6) end,
    (at at time zone 'UTC')::date
from sample.spread(sample.n(20000), 'office');
alter table shop.returns add primary key (id);
create index on shop.returns (returned_on);

--- shop.wishlists
create table shop.wishlists (
    id           integer    not null,
    client_id    integer    not null,
    name         text       not null,
    skus         text[]     not null,
    shared_with  text[],
    created_at   timestamp  not null
);
insert into shop.wishlists
select
    i, 1 + sample.h(i, 1) % sample.n(40000), coalesce(sample.awkward(i, 2), 'my list'),
    (array['AB-' || i, 'CD-' || sample.h(i, 3) % 12000, 'EF-' || sample.h(i, 4) % 12000])[1:(sample.h(i, 5) % 4)::integer],
    case when sample.one_in(3, i, 6) then array[sample.email(i), null, 'a "friend"', 'NULL', ''] end,
    at at time zone 'Europe/Amsterdam'
from sample.spread(sample.n(8000), 'shop');
alter table shop.wishlists add primary key (id);
create index on shop.wishlists (created_at);

--- shop.account_orders
-- Orders of business accounts. Each account is a tenant and sees only its own.
create table shop.account_orders (
    id          bigint         not null,
    account     text           not null,
    reference   text           not null,
    buyer       text           not null,
    total       numeric(12,2)  not null,
    ordered_at  timestamptz    not null
);
insert into shop.account_orders
select
    i, (array['demo', 'other', 'north, "ltd"'])[1 + sample.h(i, 1) % 3],
    'PO ' || i || case when sample.one_in(9, i, 2) then ', urgent' else '' end, sample.person(i),
    sample.cents(900000, i, 3), at
from sample.spread(sample.n(15000), 'office');
alter table shop.account_orders add primary key (id);
create index on shop.account_orders (account, ordered_at);
