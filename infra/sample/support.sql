-- Questions and answers.

create schema support;
create type support.priority as enum ('low', 'normal', 'high', 'now!');

--- support.tickets
create table support.tickets (
    id            integer           not null,
    client_id     integer,
    subject       text              not null,
    priority      support.priority  not null,
    tags          text[]            not null,
    first_answer  interval,
    rating        smallint,
    opened_at     timestamptz       not null,
    closed_at     timestamptz
);
insert into support.tickets
select
    i, case when sample.one_in(9, i, 1) then null else 1 + sample.h(i, 2) % sample.n(40000) end,
    coalesce(sample.awkward(i, 3), 'no subject'), (enum_range(null::support.priority))[1 + sample.h(i, 4) % 4],
    (array['refund', 'late, again', 'say "hi"', ''])[1:(sample.h(i, 5) % 5)::integer],
    case when sample.one_in(4, i, 6) then null else (sample.h(i, 7) % 400000000) * interval '1 millisecond' end,
    case when sample.one_in(2, i, 8) then 1 + sample.h(i, 9) % 5 end, at,
    case when sample.one_in(5, i, 10) then null else at + interval '3 days' end
from sample.spread(sample.n(12000), 'office');
alter table support.tickets add primary key (id);
create index on support.tickets (opened_at);

--- support.ticket_messages
create table support.ticket_messages (
    id           integer      not null,
    ticket_id    integer      not null,
    author       text         not null,
    body         text,
    is_internal  boolean      not null,
    sent_at      timestamptz  not null
);
insert into support.ticket_messages
select
    i, 1 + sample.h(i, 1) % sample.n(12000), sample.person(i),
    case when sample.one_in(3, i, 2) then sample.awkward(i, 3) else sample.sentence(i, 4) || E',\n'
        || sample.sentence(i, 10) || E'.\n\n-- \n' || sample.person(i) end,
    sample.one_in(6, i, 16), at
from sample.spread(sample.n(30000), 'office');
alter table support.ticket_messages add primary key (id);
create index on support.ticket_messages (sent_at);

--- support.attachments
-- A few are large: a row may be far longer than any buffer.
create table support.attachments (
    id           integer      not null,
    message_id   integer      not null,
    file_name    text         not null,
    content      bytea        not null,
    uploaded_at  timestamptz  not null
);
insert into support.attachments
select
    i, 1 + sample.h(i, 1) % sample.n(30000), sample.word(i, 2) || ' (final, "v' || i % 5 || '").pdf',
    decode(repeat(md5(i::text), case when i % 75 = 0 then 100000 else 1 + (sample.h(i, 3) % 250)::integer end), 'hex'), at
from sample.spread(sample.n(150), 'flat');
alter table support.attachments add primary key (id);
create index on support.attachments (uploaded_at);

--- support.agents
create table support.agents (
    id         smallint  not null,
    name       text      not null,
    email      text      not null,
    api_token  text      not null,
    languages  text[]    not null,
    hired_on   date      not null
);
insert into support.agents select i, sample.person(i), sample.email(i), '$sample$'
    || md5(i::text), (array['nl', 'de', 'fr', 'en'])[1:(1 + i % 4)::integer],
    date '2015-01-01' + (i * 97)::integer from generate_series(1, 30) i;
alter table support.agents add primary key (id);

--- support.agent_shifts
create table support.agent_shifts (
    id        integer                    not null,
    agent_id  smallint                   not null,
    starts    time                       not null,
    ends      time(0)                    not null,
    "break"   interval minute to second,
    zone      timetz                     not null,
    day       date                       not null
);
insert into support.agent_shifts
select
    i, 1 + i % 30, time '06:00' + (i % 8) * interval '1 hour',
    case when i % 11 = 0 then time '24:00' else time '14:00:00' + (i % 8) * interval '1 hour' end,
    case when i % 5 > 0 then (i % 60) * interval '31 seconds' end,
    (array['08:00:00+00', '09:30:00.25-05', '23:59:59.999999+05:30'])[1 + i % 3]::timetz, (at at time zone 'UTC')::date
from sample.spread(sample.n(4000), 'office');
alter table support.agent_shifts add primary key (id);
create index on support.agent_shifts (day);

--- support.calls
create table support.calls (
    id         integer      not null,
    agent_id   smallint,
    caller     varchar(20),
    seconds    integer      not null,
    outcome    "char"       not null,
    called_at  timestamp    not null
);
insert into support.calls
select
    i, case when sample.one_in(8, i, 1) then null else 1 + sample.h(i, 2) % 30 end,
    '+1 555 01' || lpad((sample.h(i, 3) % 100)::text, 2, '0'), sample.h(i, 4) % 3600, chr(97 + (i % 5)::integer)::"char",
    at at time zone 'America/New_York'
from sample.spread(sample.n(8000), 'office');
alter table support.calls add primary key (id);
create index on support.calls (called_at);
