-- What all sample tables are made of. No random() and no now(): every value is a hash of its row's number,
-- so each load of the same scale gives the same rows. The schema `sample` is dropped when the load is done.

create schema sample;

-- A number of rows at the scale of this load. Declared immutable, which holds within one load, so that it is folded.
create function sample.n(rows bigint) returns bigint language sql immutable parallel safe
return greatest(1, round(rows * current_setting('sample.scale')::numeric))::bigint;

-- The hash everything else uses: 63 bits of row number and seed.
create function sample.h(i bigint, seed bigint) returns bigint language sql immutable parallel safe
return hashint8extended(i, seed) & 9223372036854775807;

create function sample.uuid(i bigint, seed bigint) returns uuid language sql immutable parallel safe
return md5(seed || '-' || i)::uuid;

-- True in one of `n` rows.
create function sample.one_in(n bigint, i bigint, seed bigint) returns boolean language sql immutable parallel safe
return sample.h(i, seed) % n = 0;

-- 0.00 up to `limit_cents` cents.
create function sample.cents(limit_cents bigint, i bigint, seed bigint) returns numeric language sql immutable parallel safe
return (sample.h(i, seed) % limit_cents) * 0.01;

create function sample.words() returns text[] language sql immutable parallel safe
return string_to_array('anchor blue copper delta ember falcon garden harbor indigo jasmine kettle lantern marble nickel '
    'olive pepper quartz river silver timber umber velvet walnut xenon yellow zephyr amber birch cedar dune echo fern grove '
    'hazel iris jade kelp lilac mango north ocean pearl quill rose sage thistle urban violet willow yarrow zinc apricot basil '
    'coral dahlia elm fig ginger heather ivory juniper kiwi lemon maple', ' ');

-- First and last names are composed from two lists; the last names are invented.
create function sample.first_names() returns text[] language sql immutable parallel safe
return string_to_array('Ada Bram Chloé Dario Elif Femke Goran Hanna Ilse Jasper Kaja Lino Márta Noor Otis Pia Quirin Rosa '
    'Søren Tove Umar Vera Wout Xenia Yara Zoë Anton Bibi Cas Dunja Emil Fleur', ' ');
create function sample.last_names() returns text[] language sql immutable parallel safe
return string_to_array('Appelvoort Birkenholz Castelbruno Dornveld Elmswick Fernhall Grünwasser Heathermoor Ijsselkamp '
    'Jorndal Kestrelby Lindqvast O''Marrow Nordhaven Osterbek Pinewald Quillfeather Rosvik Sandvoort Tarnwood Umberfield '
    'Vossenburg Willowmere Xanderby Yarrowby Zilverberg', ' ');
create function sample.cities() returns text[] language sql immutable parallel safe
return string_to_array('Utrecht|Köln|Malmö|Łódź|Zürich|Kraków|Gent|Århus|Besançon|Évora|Graz|Brno|Tampere|Tromsø|Győr|'
    '’s-Hertogenbosch|Reykjavík|Plovdiv|Ioannina|Saint-Malo|Frankfurt (Oder)|Delft|Liège|Málaga', '|');
-- Repeats make some countries far more frequent than others.
create function sample.countries() returns text[] language sql immutable parallel safe
return string_to_array('NL NL NL NL NL NL DE DE DE DE DE BE BE BE FR FR FR AT CH SE DK PL IT ES PT FI', ' ');

create function sample.pick(list text[], i bigint, seed bigint) returns text language sql immutable parallel safe
return list[1 + sample.h(i, seed) % cardinality(list)];

create function sample.word(i bigint, seed bigint) returns text language sql immutable parallel safe
return (sample.words())[1 + sample.h(i, seed) % 64];

create function sample.person(i bigint) returns text language sql immutable parallel safe
return sample.pick(sample.first_names(), i, 1) || ' ' || sample.pick(sample.last_names(), i, 2);

create function sample.company(i bigint) returns text language sql immutable parallel safe
return initcap(sample.word(i, 3) || ' & ' || sample.word(i, 4))
    || (array[' Samples BV', ' Samples GmbH', ', Samples Ltd', ' "Sample" SARL'])[1 + sample.h(i, 5) % 4];

-- Only domains that are reserved for examples.
create function sample.email(i bigint) returns text language sql immutable parallel safe
return sample.word(i, 6) || '.' || sample.word(i, 7) || i
    || (array['@example.com', '@example.org', '@example.net'])[1 + sample.h(i, 8) % 3];

create function sample.street(i bigint) returns text language sql immutable parallel safe
return initcap(sample.word(i, 9)) || (array['straat ', ' Street ', 'weg ', 'gasse ', 'ová '])[1 + sample.h(i, 10) % 5]
    || 1 + sample.h(i, 11) % 240;

-- Only addresses that are reserved for documentation.
create function sample.ip(i bigint, seed bigint) returns inet language sql immutable parallel safe
return (case when sample.one_in(9, i, seed) then '2001:db8::' || to_hex(sample.h(i, seed + 1) % 65536)
        else (array['192.0.2.', '198.51.100.', '203.0.113.'])[1 + sample.h(i, seed + 1) % 3]
            || (sample.h(i, seed + 2) % 256) end)::inet;

-- One sentence of six words.
create function sample.sentence(i bigint, seed bigint) returns text language sql immutable parallel safe
return sample.word(i, seed) || ' ' || sample.word(i, seed + 1) || ' ' || sample.word(i, seed + 2) || ' '
    || sample.word(i, seed + 3)
    || ' ' || sample.word(i, seed + 4) || ' ' || sample.word(i, seed + 5);

-- Text that has broken exports before: separators, quotes, line ends, blanks, nothing, NULL, marks and other alphabets.
create function sample.awkward(i bigint, seed bigint) returns text language sql immutable parallel safe
return case sample.h(i, seed) % 32
    when 0 then 'say "please"'
    when 1 then 'salt, pepper, and oil'
    when 2 then E'first line\nsecond line'
    when 3 then E'from a form\r\nwith both\r\nline ends'
    when 4 then '\.'
    when 5 then '  two blanks before'
    when 6 then 'two blanks after  '
    when 7 then ''
    when 8 then null
    when 9 then 'Grüße aus Zürich – 10 €'
    when 10 then '日本語のメモ、改行なし'
    when 11 then E'tab\there, 🙂 and 👩‍👩‍👧'
    when 12 then '"'
    when 13 then '""'
    when 14 then ','
    when 15 then 'back\slash, ''single'' and `tick`'
    when 16 then E'\r'
    when 17 then E'\n'
    when 18 then 'NULL'
    when 19 then '\N'
    when 20 then '=1+1'
    when 21 then E'e\u0301 is not é'
    when 22 then repeat('long "text", ', 150)
    when 23 then 'שלום, مرحبا'
    else sample.sentence(i, seed + 1)
end;

-- How many rows fall on which day. The days reach ten days beyond both ends of 2023-08-31 .. 2024-08-04, so that a
-- range that is too wide or too narrow shows.
--   flat    every day alike
--   shop    busy weekends, a December, growth, and one hot day (2023-11-24) with nine times the rows
--   office  almost nothing at weekends, closed at Christmas
--   gap     nothing from January to March 2024
--   launch  nothing before 2024-02-15
create table sample.calendar (shape text, day date, weight bigint, before bigint, whole bigint, primary key (shape, day));
insert into sample.calendar
select shape, day, weight, sum(weight) over (partition by shape order by day) - weight,
    sum(weight) over (partition by shape)
from (
    select shape, day, case shape
        when 'flat' then 100
        when 'shop' then (80 + (day - date '2023-08-21') / 4) * case
            when day = '2023-11-24' then 9
            when day between '2023-12-01' and '2023-12-23' then 2
            when extract(isodow from day) > 5 then 2
            else 1 end
        when 'office' then case
            when day between '2023-12-25' and '2024-01-01' then 0
            when extract(isodow from day) > 5 then 4
            else 100 end
        when 'gap' then case when day between '2024-01-01' and '2024-03-31' then 0 else 100 end
        when 'launch' then greatest(0, day - date '2024-02-15')
    end as weight
    from unnest(array['flat', 'shop', 'office', 'gap', 'launch']) shape,
         (select date '2023-08-21' + d as day from generate_series(0, 359) d) days
) weights;
analyze sample.calendar;

-- `total` rows over the calendar: their number from 1 and their moment, later for higher numbers. Noon is busier than
-- midnight; of a busy day the first row is at midnight sharp and the last one microsecond before the next.
create function sample.spread(total bigint, which text) returns table (i bigint,
    at timestamptz) language sql stable parallel safe
begin atomic
    select first + k,
        timestamptz '2023-08-21 00:00:00+00' + ((day - date '2023-08-21') * 86400000000 + case
            when k = 0 and (rows > 9 or day in ('2023-08-31', '2024-08-05')) then 0
            when k = rows - 1 and rows > 9 then 86399999999
            else (86399000000 * (f + 1.2 * f * (1 - f) * (1 - 2 * f)))::bigint end) * interval '1 microsecond'
    from (
        select day, 1 + total * before / whole as first, total * (before + weight) / whole - total * before / whole as rows
        from sample.calendar where shape = which
    ) days,
    lateral (
        select k, (k + (sample.h(first + k, 99) % 1000) * 0.001::float8) / rows as f from generate_series(0,
            rows - 1) k offset 0
    ) moments;
end;
