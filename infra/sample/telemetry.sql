-- Sensors in the warehouses, and one table with a value of every type.

create schema telemetry;
create type telemetry.mood as enum ('fine', 'so so', 'bad', '"quoted", with comma');
create type telemetry.pair as (number integer, label text);
create domain telemetry.flag as boolean;
create domain telemetry.code as char(5);
create domain telemetry.host as inet;

--- telemetry.sensors
create table telemetry.sensors (
    id            smallint            not null,
    kind          varchar(12)         not null,
    warehouse_id  smallint            not null,
    serial        macaddr8            not null,
    calibration   double precision[]  not null
);
insert into telemetry.sensors
select
    i, (array['temperature', 'humidity', 'door'])[1 + i % 3], 1 + i % 6,
    ('02:00:5e:ff:fe:00:53:' || lpad(to_hex(i), 2, '0'))::macaddr8, array[i / 3.0, i * 1e-7, 1e21]
from generate_series(1, 40) i;
alter table telemetry.sensors add primary key (id);

--- telemetry.sensor_readings
create table telemetry.sensor_readings (
    id         bigint            not null,
    sensor_id  smallint          not null,
    value      real              not null,
    raw        double precision,
    battery    smallint,
    read_at    timestamptz       not null
);
insert into telemetry.sensor_readings
select
    i, 1 + i % 40,
    case sample.h(i, 1) % 5000 when 0 then 'NaN' when 1 then 'Infinity' when 2 then '-Infinity'
        else (sample.h(i, 2) % 60000)::real / 1000 - 20 end,
    case when sample.one_in(50, i, 3) then null else (sample.h(i, 4) % 1000000007)::float8 / 1e6 / 7
        * (array[1e-20, 1e-9, 1e-3, 1, 1, 1, 1e6, 1e15, 1e19])[1 + sample.h(i, 5) % 9]::float8 end,
    case when i % 3 = 0 then sample.h(i, 6) % 101 end, at
from sample.spread(sample.n(180000), 'flat');
alter table telemetry.sensor_readings add primary key (id);
create index on telemetry.sensor_readings (read_at);

--- telemetry.every_type
create table telemetry.every_type (
    id                   integer           not null,
    "bool"               boolean,
    "int2"               smallint,
    "int4"               integer,
    "int8"               bigint,
    "float4"             real,
    "float8"             double precision,
    "numeric"            numeric,
    "numeric_9_3"        numeric(9,3),
    "text"               text,
    "varchar"            varchar(50),
    "char_7"             char(7),
    "bpchar"             bpchar,
    "name"               name,
    "uuid"               uuid,
    "date"               date,
    "timestamp"          timestamp,
    "timestamptz"        timestamptz,
    "time"               time,
    "timetz"             timetz,
    "interval"           interval,
    "bytea"              bytea,
    "json"               json,
    "jsonb"              jsonb,
    "jsonpath"           jsonpath,
    "mood"               telemetry.mood,
    "inet"               inet,
    "cidr"               cidr,
    "macaddr"            macaddr,
    "bit"                bit(4),
    "varbit"             bit varying,
    "money"              money,
    "oid"                oid,
    "regclass"           regclass,
    "point"              point,
    "box"                box,
    "circle"             circle,
    "tsvector"           tsvector,
    "tsquery"            tsquery,
    "int4range"          int4range,
    "nummultirange"      nummultirange,
    "text_array"         text[],
    "int8_array"         bigint[],
    "bool_array"         boolean[],
    "numeric_array"      numeric[],
    "timestamptz_array"  timestamptz[],
    "mood_array"         telemetry.mood[],
    "address"            telemetry.pair,
    "address_array"      telemetry.pair[],
    "flag"               telemetry.flag,
    "code"               telemetry.code,
    "host"               telemetry.host,
    "inet_array"         inet[],
    "pg_lsn"             pg_lsn,
    at                   timestamptz       not null
);
insert into telemetry.every_type
select
    i, (array[true, false, null])[1 + i % 3], (array[-32768, 32767, 0, null])[1 + i % 4],
    (array[-2147483648, 2147483647, 0, null])[1 + i % 4],
    (array[-9223372036854775808, 9223372036854775807, 0, null])[1 + i % 4],
    (array['NaN', 'Infinity', '-Infinity', '1e-45', '3.4028235e38', '0.1', '-0', '16777216', '123456', '1234567', '1e6',
        '0.0001', '0.00001', null])[1 + i % 14]::real,
    (array['NaN', 'Infinity', '-Infinity', '5e-324', '1.7976931348623157e308', '0.1', '-0', '9007199254740993', '1e15',
        '1e14', '20000000000000008', '0.0001', '0.00001', null])[1 + i % 14]::float8,
    (array['NaN', 'Infinity', '-Infinity', '0', '0.00', '10000', '1e131', '1e-130',
        '-12345678901234567890.000000000000000001', '9999.9999', '100000000', '0.00010', null])[1 + i % 13]::numeric,
    (i % 1000000 - 500) * 0.001, sample.awkward(i, 1), left(sample.awkward(i, 2), 50), left(sample.awkward(i, 3), 7),
    sample.awkward(i, 4)::bpchar, left(sample.awkward(i, 5), 20)::name, case when i % 5 > 0 then sample.uuid(i, 6) end,
    (array['infinity', '-infinity', '0001-12-31 BC', '4713-01-01 BC', '5874897-12-31', '2000-01-01', '1999-12-31',
        '2024-02-29', '1970-01-01', '12345-06-07', null])[1 + i % 11]::date,
    (array['infinity', '-infinity', '0001-12-31 23:59:59.999999 BC', '4713-01-01 00:00 BC', '294276-12-31 23:59:59.999999',
        '2000-01-01', '1999-12-31 23:59:59.9', '2024-02-29 12:34:56.78', '1970-01-01 00:00:00.000001',
        null])[1 + i % 10]::timestamp,
    (array['infinity', '-infinity', '0001-12-31 23:59:59.999999+00 BC', '4713-01-02 00:00+00 BC',
        '294276-12-31 23:59:59.999999+00', '2000-01-01 00:00+00', '1999-12-31 23:59:59.9+00', '2024-03-31 01:00+00',
        '1900-01-01 00:00:00.000001+00', null])[1 + i % 10]::timestamptz,
    (array['00:00', '24:00', '23:59:59.999999', '12:00:00.5', null])[1 + i % 5]::time,
    (array['00:00+14', '24:00-12', '12:34:56.789+05:30', null])[1 + i % 4]::timetz,
    (array['0', '1 year 2 mons -3 days 04:05:06.789', '-00:00:00.000001', '178000000 years', '-1 mon +1 day -1 hour',
        '1 day', null])[1 + i % 7]::interval,
    (array['', '\x00', '\xdeadbeef', '\x22', '\x5c', null])[1 + i % 6]::bytea,
    (array['{"a":1, "a": 2 }', ' [1 ,2]', '"x\ny"', 'null', '1.00', null])[1 + i % 6]::json,
    (array['{"b":1,"a":"q\"uote, comma"}', '[1,2.50,1e3]', '"x\ny\u00e9"', 'null', '[]', null])[1 + i % 6]::jsonb,
    (array['$.a[*] ? (@ > 1)', 'strict $."b c"', null])[1 + i % 3]::jsonpath, (enum_range(null::telemetry.mood))[1 + i % 4],
    (array['192.0.2.1', '192.0.2.1/24', '192.0.2.1/32', '2001:db8::1', '2001:db8::/32', '::ffff:192.0.2.9',
        null])[1 + i % 7]::inet,
    (array['192.0.2.0/24', '192.0.2.7/32', '2001:db8::/48', null])[1 + i % 4]::cidr,
    (array['02:00:5e:00:53:01', null])[1 + i % 2]::macaddr, (array['0101', '1111', null])[1 + i % 3]::bit(4),
    (array['', '1', '10101010101', null])[1 + i % 4]::bit varying,
    (array['0', '-1234.56', '92233720368547758.07', null])[1 + i % 4]::numeric::money,
    (array[0, 4294967295, null])[1 + i % 3]::oid, (array['pg_class', 'pg_type', null])[1 + i % 3]::regclass,
    (array['(0,0)', '(1.5,-2e30)', '(NaN,Infinity)', null])[1 + i % 4]::point, (array['(1,1),(0,0)', null])[1 + i % 2]::box,
    (array['<(0,0),1.25>', null])[1 + i % 2]::circle, (array['''a b'':1A fox:2', '', null])[1 + i % 3]::tsvector,
    (array['a & !b | ''c d''', null])[1 + i % 2]::tsquery,
    (array['empty', '[1,5)', '(,3]', '[7,)', '(,)', null])[1 + i % 6]::int4range,
    (array['{}', '{[1.5,2],(3,)}', null])[1 + i % 3]::nummultirange,
    (array['{}', '{a,"b c",NULL,"NULL","","x\"y","back\\slash","{brace}"}', '{{a,b},{c,d}}', '[5:6]={x,y}',
        E'{"line\nbreak","com,ma"}', null])[1 + i % 6]::text[],
    (array['{}', '{-9223372036854775808,NULL,1}', null])[1 + i % 3]::bigint[],
    (array['{t,f,NULL}', '{}', null])[1 + i % 3]::boolean[], (array['{NaN,1.10,NULL}', '{}', null])[1 + i % 3]::numeric[],
    (array['{"2024-01-01 00:00:00+00",infinity,NULL}', null])[1 + i % 2]::timestamptz[],
    (array['{fine,"so so",NULL}', '{}', null])[1 + i % 3]::telemetry.mood[],
    (array['(1,"a, ""b""")', '(,)', '(2,"")', null])[1 + i % 4]::telemetry.pair,
    (array['{"(1,\"a b\")",NULL,"(,)"}', null])[1 + i % 2]::telemetry.pair[], (array[true, false, null])[1 + i % 3],
    (array['ab', '', 'abcde', null])[1 + i % 4], (array['192.0.2.1', '2001:db8::1', '192.0.2.0/24', null])[1 + i % 4]::inet,
    (array['{192.0.2.1,192.0.2.0/24,NULL}', null])[1 + i % 2]::inet[],
    (array['0/0', '16/B374D848', null])[1 + i % 3]::pg_lsn, at
from sample.spread(sample.n(2000), 'flat');
alter table telemetry.every_type add primary key (id);
create index on telemetry.every_type (at);
