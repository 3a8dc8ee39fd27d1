-- The people who buy. All of them are composed from word lists; all mail addresses are reserved for examples.

create schema crm;
create type crm.consent as enum ('newsletter', 'sms', 'post', 'profile');
create type crm.address as (street text, postcode text, city text, country char(2));

--- crm.clients
create table crm.clients (
    id             integer        not null,
    external_id    uuid           not null,
    name           text           not null,
    email          text,
    password_hash  text           not null,
    phone          varchar(20),
    born_on        date,
    country        char(2)        not null,
    language       char(5)        not null,
    is_business    boolean        not null,
    company        text,
    credit_limit   numeric(10,2),
    preferences    jsonb          not null,
    created_at     timestamptz    not null,
    last_seen_at   timestamptz
);
insert into crm.clients
select
    i, sample.uuid(i, 1), sample.person(i), case when sample.one_in(20, i, 2) then null else sample.email(i) end,
    '$sample$' || md5(i::text),
    case when sample.one_in(3, i, 3) then null else '+31 20 555 01' || lpad((sample.h(i, 4) % 100)::text, 2, '0') end,
    case when sample.one_in(6, i, 5) then null else date '1935-01-01' + (sample.h(i, 6) % 25000)::integer end,
    sample.pick(sample.countries(), i, 7), (array['nl', 'de', 'fr', 'nl-BE', 'de-CH'])[1 + sample.h(i, 8) % 5],
    sample.one_in(9, i, 9), case when sample.one_in(9, i, 9) then sample.company(i) end,
    case when sample.one_in(5, i, 10) then sample.cents(500000, i, 11) end,
    jsonb_build_object('theme', sample.word(i, 12), 'mail', sample.one_in(2, i, 13), 'quote', case
        when sample.one_in(10, i, 14) then 'a "b", c' end),
    at, case when sample.one_in(4, i, 15) then null else at + (sample.h(i, 16) % 20000000) * interval '1 second' end
from sample.spread(sample.n(40000), 'shop');
alter table crm.clients add primary key (id);
create index on crm.clients (created_at);

--- crm.client_addresses
create table crm.client_addresses (
    id          integer      not null,
    client_id   integer      not null,
    kind        text         not null,
    address     crm.address  not null,
    location    point,
    updated_at  timestamptz  not null
);
insert into crm.client_addresses
select
    i, 1 + sample.h(i, 1) % sample.n(40000), (array['home', 'work', 'gift, once'])[1 + sample.h(i, 2) % 3],
    row(sample.street(i), case when sample.one_in(9, i, 3) then null else lpad((sample.h(i, 4) % 9999)::text, 4, '0')
        || ' AB' end, sample.pick(sample.cities(), i, 5), sample.pick(sample.countries(), i, 6))::crm.address,
    case when sample.one_in(2, i, 7) then point((sample.h(i, 8) % 3600000) / 1e4 - 180, (sample.h(i,
        9) % 1800000) / 1e4 - 90) end,
    at
from sample.spread(sample.n(40000), 'shop');
alter table crm.client_addresses add primary key (id);
create index on crm.client_addresses (updated_at);

--- crm.client_contacts
create table crm.client_contacts (
    id         integer     not null,
    client_id  integer     not null,
    kind       varchar(8)  not null,
    value      text        not null,
    verified   boolean,
    added_on   date        not null
);
insert into crm.client_contacts
select
    i, 1 + sample.h(i, 1) % sample.n(40000), (array['email', 'phone', 'chat'])[1 + sample.h(i, 2) % 3], sample.email(i),
    (array[true, false, null])[1 + sample.h(i, 3) % 3], (at at time zone 'UTC')::date
from sample.spread(sample.n(30000), 'flat');
alter table crm.client_contacts add primary key (id);
create index on crm.client_contacts (added_on);

--- crm.client_consents
-- Consents that were requested but not given have no time: the catalog leaves them out.
create table crm.client_consents (
    id         integer      not null,
    client_id  integer      not null,
    consent    crm.consent  not null,
    source     text,
    given_at   timestamptz
);
insert into crm.client_consents
select
    i, 1 + sample.h(i, 1) % sample.n(40000), (enum_range(null::crm.consent))[1 + sample.h(i, 2) % 4], sample.awkward(i, 3),
    case when sample.one_in(6, i, 4) then null else at end
from sample.spread(sample.n(25000), 'flat');
alter table crm.client_consents add primary key (id);
create index on crm.client_consents (given_at);

--- crm.client_merges
-- No two clients have been merged yet.
create table crm.client_merges (
    id          integer      not null,
    kept_id     integer      not null,
    dropped_id  integer      not null,
    merged_by   text         not null,
    merged_at   timestamptz  not null
);
alter table crm.client_merges add primary key (id);
create index on crm.client_merges (merged_at);

--- crm.loyalty_points
create table crm.loyalty_points (
    id         bigint   not null,
    client_id  integer  not null,
    points     integer  not null,
    reason     text     not null,
    balance    bigint   not null,
    booked_on  date     not null
);
insert into crm.loyalty_points
select
    i, 1 + sample.h(i, 1) % sample.n(40000), (sample.h(i, 2) % 900)::integer - 200, sample.sentence(i, 3),
    sample.h(i, 9) % 9000000000, (at at time zone 'UTC')::date
from sample.spread(sample.n(60000), 'shop');
alter table crm.loyalty_points add primary key (id);
create index on crm.loyalty_points (booked_on);

--- crm.campaigns
create table crm.campaigns (
    id            integer        not null,
    name          text           not null,
    starts_on     date           not null,
    ends_on       date           not null,
    budget        numeric(10,2)  not null,
    send_at       time           not null,
    send_at_zone  timetz
);
insert into crm.campaigns
select
    i, initcap(sample.sentence(i, 1)), (at at time zone 'UTC')::date, (at at time zone 'UTC')::date + 14,
    500 + sample.cents(1000000, i, 2), (time '08:00' + (sample.h(i, 3) % 36000) * interval '1 second'),
    case when i % 4 > 0 then (time '24:00' - (i % 3) * interval '1 hour')::text::time at time zone interval '02:00' end
from sample.spread(40, 'office');
alter table crm.campaigns add primary key (id);
create index on crm.campaigns (starts_on);

--- crm.campaign_sends
create table crm.campaign_sends (
    id           bigint       not null,
    campaign_id  integer      not null,
    client_id    integer      not null,
    sent_at      timestamptz  not null,
    bounced      boolean      not null,
    bounce       text
);
insert into crm.campaign_sends
select
    i, 1 + i * 40 / (1 + sample.n(80000)), 1 + sample.h(i, 1) % sample.n(40000), at, sample.one_in(40, i, 2),
    case when sample.one_in(40, i, 2) then '550 5.1.1 <' || sample.email(i) || '>: no such user' end
from sample.spread(sample.n(80000), 'office');
alter table crm.campaign_sends add primary key (id);
create index on crm.campaign_sends (sent_at);

--- crm.campaign_clicks
create table crm.campaign_clicks (
    id          bigint       not null,
    send_id     bigint       not null,
    url         text         not null,
    clicked_at  timestamptz  not null
);
insert into crm.campaign_clicks
select
    i, 1 + i * 4, 'https://shop.example/' || sample.word(i, 1) || '?a=' || i % 97 || '&b=%22' || sample.word(i, 2) || '%22',
    at
from sample.spread(sample.n(20000), 'office');
alter table crm.campaign_clicks add primary key (id);
create index on crm.campaign_clicks (clicked_at);

--- crm.segment_members
create table crm.segment_members (
    segment    varchar(16)       not null,
    client_id  integer           not null,
    score      double precision  not null
);
insert into crm.segment_members
select
    (array['new', 'loyal', 'asleep', 'bargain', 'b2b, small'])[1 + i % 5], i / 5,
    (sample.h(i, 1) % 1000000007)::float8 / 1e9 / 7
from generate_series(1, sample.n(30000)) i;
alter table crm.segment_members add primary key (segment, client_id);

--- crm.survey_answers
create table crm.survey_answers (
    id           integer    not null,
    survey       smallint   not null,
    client_id    integer,
    question     text       not null,
    answer       text,
    score        smallint,
    answered_at  timestamp  not null
);
insert into crm.survey_answers
select
    i, 1 + i % 12, case when sample.one_in(3, i, 1) then null else 1 + sample.h(i, 2) % sample.n(40000) end,
    'How was "' || sample.word(i, 3) || '"?', sample.awkward(i, 4),
    case when sample.one_in(8, i, 5) then null else sample.h(i, 6) % 11 end, at at time zone 'Europe/Berlin'
from sample.spread(sample.n(10000), 'gap');
alter table crm.survey_answers add primary key (id);
create index on crm.survey_answers (answered_at);

--- crm.newsletter_signups
create table crm.newsletter_signups (
    email         text     not null,
    signed_up_on  date     not null,
    language      char(2)  not null,
    from_page     text
);
insert into crm.newsletter_signups
select
    sample.email(i), (at at time zone 'UTC')::date, (array['nl', 'de', 'fr'])[1 + i % 3],
    case when sample.one_in(2, i, 1) then '/' || sample.word(i, 2) end
from sample.spread(sample.n(12000), 'launch');
alter table crm.newsletter_signups add primary key (email);
create index on crm.newsletter_signups (signed_up_on);
