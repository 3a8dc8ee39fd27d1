-- What visitors do on the site.

create schema web;
create type web.device as enum ('phone', 'tablet', 'desktop', 'tv');

--- web.page_views
-- One partition per month.
create table web.page_views (
    id          bigint       not null,
    session_id  uuid         not null,
    path        text         not null,
    referrer    text,
    device      web.device   not null,
    took_ms     integer      not null,
    viewed_at   timestamptz  not null
) partition by range (viewed_at);
do $$
declare month timestamp;
begin
    for month in select generate_series(timestamp '2023-08-01', timestamp '2024-08-01', interval '1 month') loop
        execute format('create table web.page_views_%s partition of web.page_views for values from (%L) to (%L)',
            to_char(month, 'YYYYMM'), month || '+00', month + interval '1 month' || '+00');
    end loop;
end $$;
insert into web.page_views
select
    i, sample.uuid(i / 5, 1), '/' || sample.word(i, 2) || '/' || sample.h(i, 3) % 12000,
    case when sample.one_in(3, i, 4) then 'https://' || sample.word(i, 5) || '.example/?q=' || sample.word(i, 6) || ',"'
        || i % 9 || '"' end,
    (enum_range(null::web.device))[1 + sample.h(i, 7) % 4], sample.h(i, 8) % 4000, at
from sample.spread(sample.n(280000), 'shop');
alter table web.page_views add primary key (id, viewed_at);
create index on web.page_views (viewed_at);

--- web.sessions
create table web.sessions (
    id          uuid         not null,
    client_id   integer,
    ip          inet,
    network     cidr,
    user_agent  text         not null,
    device      web.device   not null,
    screen      int4range,
    started_at  timestamptz  not null
);
insert into web.sessions
select
    sample.uuid(i, 1), case when sample.one_in(4, i, 2) then 1 + sample.h(i, 3) % sample.n(40000) end,
    case when sample.one_in(10, i, 4) then null else sample.ip(i, 5) end,
    case when sample.one_in(5, i, 6) then ('198.51.' || sample.h(i, 7) % 256 || '.0/24')::cidr end,
    'SampleBrowser/' || i % 40 || '.0 (X11; ' || sample.word(i, 8) || ', like "Other")',
    (enum_range(null::web.device))[1 + sample.h(i, 9) % 4], case when sample.one_in(3, i, 10) then int4range(320, 2560) end,
    at
from sample.spread(sample.n(55000), 'shop');
alter table web.sessions add primary key (id);
create index on web.sessions (started_at);

--- web.searches
create table web.searches (
    id           bigint     not null,
    session_id   uuid       not null,
    term         text,
    results      integer    not null,
    took         real       not null,
    searched_at  timestamp  not null
);
insert into web.searches
select
    i, sample.uuid(i, 1),
    case when sample.one_in(3, i, 2) then sample.awkward(i, 3) else sample.word(i, 4) || ' ' || sample.word(i, 5) end,
    sample.h(i, 6) % 400,
    case when sample.one_in(300, i, 7) then 'NaN'::real else (sample.h(i, 8) % 100000)::real / 7e4 end,
    at at time zone 'UTC'
from sample.spread(sample.n(40000), 'shop');
alter table web.searches add primary key (id);
create index on web.searches (searched_at);

--- web.search_terms
-- One column, with NULL, '' and '\.' in it: a CSV record may be an empty line.
create table web.search_terms (
    term  text
);
insert into web.search_terms select sample.awkward(i, 1) from generate_series(1, sample.n(600)) i;

--- web.experiment_exposures
create table web.experiment_exposures (
    experiment  varchar(20)       not null,
    variant     char(1)           not null,
    session_id  uuid              not null,
    weight      double precision  not null,
    seen_at     timestamptz(0)    not null
);
insert into web.experiment_exposures
select
    (array['checkout button', 'free shipping', 'price, rounded'])[1 + sample.h(i, 1) % 3], (array['A', 'B'])[1 + i % 2],
    sample.uuid(i, 2), (sample.h(i, 3) % 1000000007)::float8 / 1e6 / 7, date_trunc('second', at)
from sample.spread(sample.n(30000), 'launch');
create index on web.experiment_exposures (seen_at);

--- web.page_errors
create table web.page_errors (
    id           integer      not null,
    message      text         not null,
    stack        text,
    context      json,
    fingerprint  bit(64)      not null,
    happened_at  timestamptz  not null
);
insert into web.page_errors
select
    i, 'TypeError: "' || sample.word(i, 1) || '" is not a function',
    E'at ' || sample.word(i, 2) || E' (app.js:10:5)\n    at ' || sample.word(i, 3)
        || E' (app.js:20:9)\r\n    at <anonymous>',
    case i % 5 when 0 then null when 1 then '[ ]' when 2 then '"just a string"' when 3 then ' {"a" : 1.0e2 ,"a":2}'
        else 'null' end::json,
    sample.h(i, 4)::bit(64), at
from sample.spread(sample.n(5000), 'flat');
alter table web.page_errors add primary key (id);
create index on web.page_errors (happened_at);

--- web.feature_flags
create table web.feature_flags (
    key         varchar(30)   not null,
    enabled     boolean       not null,
    rules       jsonb,
    rollout     numeric(3,2),
    changed_at  timestamptz   not null
);
insert into web.feature_flags
select
    sample.word(i, 1) || '-' || i, i % 3 > 0,
    case i % 6 when 0 then null when 1 then 'null' when 2 then '"on"' when 3 then '12.50' when 4 then '{}'
        else '{"countries": ["NL", "DE"], "above": 0.1, "nested": {"deep": [[], {}]}}' end::jsonb,
    case when i % 2 = 0 then i * 0.05 end, timestamptz '2024-01-01 00:00:00+00' + i * interval '1 day'
from generate_series(1, 20) i;
alter table web.feature_flags add primary key (key);

--- web.sitemaps
-- Built by a job that has never run.
create table web.sitemaps (
    url       text         not null,
    priority  real,
    content   text,
    built_at  timestamptz
);
