-- Deterministic generator (no random(), no now(): every value is a hash of the row number).
-- psql -v n=5000000 -v m=20000000 -f tests/bench/orders.sql
\set ON_ERROR_STOP 1
SET timezone = 'UTC';
SET synchronous_commit = off;
SET max_parallel_workers_per_gather = 0;
DROP TABLE IF EXISTS orders, narrow;
DROP TYPE IF EXISTS order_status;
CREATE TYPE order_status AS ENUM ('new','paid','packed','shipped','delivered','returned','cancelled');
DROP FUNCTION IF EXISTS h(bigint, bigint);
CREATE FUNCTION h(i bigint, seed bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT hashint8extended(i, seed) & 9223372036854775807 $$;

BEGIN;
CREATE TABLE orders (
  id          bigint         NOT NULL,
  order_uuid  uuid           NOT NULL,
  title       text           NOT NULL,   -- 5..60 chars, ~1 in 8 has a comma, ~1 in 40 non-ASCII, ~1 in 100 a quote
  amount      numeric(12,2)  NOT NULL,
  quantity    integer        NOT NULL,
  is_paid     boolean        NOT NULL,
  order_date  date           NOT NULL,
  created_at  timestamptz    NOT NULL,   -- 2023-08-31 .. 2024-08-04, physically correlated with id, +-1 h jitter
  payload     jsonb          NOT NULL,
  note        text,                      -- 70 % NULL, some with newline
  status      order_status   NOT NULL,
  weight      double precision NOT NULL,
  client_ip   inet,                      -- 10 % NULL
  tags        text[]         NOT NULL    -- 0..3 elements
);
INSERT INTO orders
SELECT i,
  md5('o' || i)::uuid,
  left( w[1+(h(i,1)    )%64] || ' ' || w[1+(h(i,1)>>6)%64]
        || CASE WHEN h(i,2)%8=0 THEN ', ' ELSE ' ' END || w[1+(h(i,1)>>12)%64]
        || CASE WHEN h(i,2)%100=7 THEN ' "' || w[1+(h(i,1)>>18)%64] || '"' ELSE ' ' || w[1+(h(i,1)>>18)%64] END
        || CASE WHEN h(i,2)%40=3 THEN ' Grün-Café ' ELSE ' ' END || w[1+(h(i,1)>>24)%64]
        || ' ' || w[1+(h(i,1)>>30)%64] || ' ' || w[1+(h(i,1)>>36)%64] || ' ' || w[1+(h(i,1)>>42)%64]
        || ' ' || w[1+(h(i,1)>>48)%64],
        (5 + h(i,3)%56)::int),
  ((h(i,4)%1000000) * (1 + h(i,5)%20))::numeric / 100,
  (1 + h(i,6)%500)::int,
  h(i,7)%10 < 8,
  (c AT TIME ZONE 'UTC')::date,
  c,
  jsonb_build_object('sku', 'SKU-' || lpad((h(i,8)%100000)::text, 6, '0'), 'qty', 1+h(i,9)%9,
                     'gift', h(i,10)%20=0, 'channel', (ARRAY['web','app','store','phone'])[1+h(i,11)%4]),
  CASE WHEN h(i,12)%10 < 7 THEN NULL
       WHEN h(i,12)%100 = 77 THEN 'leave at door' || E'\n' || 'ring ' || w[1+h(i,13)%64]
       ELSE 'note ' || w[1+h(i,13)%64] || ' ' || w[1+(h(i,13)>>6)%64] || ' ' || (h(i,14)%10000) END,
  (enum_range(NULL::order_status))[1+h(i,15)%7],
  CASE WHEN h(i,16)%4=0 THEN (h(i,17)%1000000007)::float8 / 1e6 / 7.0 ELSE ((h(i,17)%100000)::float8 / 1000.0) END,
  CASE WHEN h(i,18)%10=0 THEN NULL
       ELSE ((10+h(i,19)%200) || '.' || ((h(i,19)>>8)%256) || '.' || ((h(i,19)>>16)%256) || '.' || ((h(i,19)>>24)%256))::inet END,
  (ARRAY[w[1+h(i,20)%64], w[1+(h(i,20)>>6)%64], w[1+(h(i,20)>>12)%64]])[1:(h(i,21)%4)::int]
FROM (SELECT string_to_array('anchor blue copper delta ember falcon garden harbor indigo jasmine kettle lantern marble nickel olive pepper quartz river silver timber umber velvet walnut xenon yellow zephyr amber birch cedar dune echo fern grove hazel iris jade kelp lilac mango north ocean pearl quill rose sage thistle urban violet willow yarrow zinc apricot basil coral dahlia elm fig ginger heather ivory juniper kiwi lemon maple', ' ') AS w) ws,
     LATERAL (SELECT i, timestamptz '2023-08-31 00:00:00+00'
              + ((i::numeric / :n * 339 * 86400 * 1000000)::bigint + (h(i,22) % 3600000000)) * interval '1 microsecond' AS c
              FROM generate_series(1::bigint, :n) AS i OFFSET 0) g;
COMMIT;

BEGIN;
CREATE TABLE narrow (id bigint NOT NULL, device_id integer NOT NULL, ts timestamptz NOT NULL, reading double precision NOT NULL);
INSERT INTO narrow
SELECT i, (h(i,31)%5000)::int,
       timestamptz '2023-08-31 00:00:00+00' + (i * 1464000) * interval '1 microsecond',
       (h(i,32)%1000000)::float8/1000.0
FROM generate_series(1::bigint, :m) AS i;
COMMIT;
CREATE UNIQUE INDEX orders_pkey ON orders(id);
CREATE INDEX orders_created_at_idx ON orders(created_at);
CREATE UNIQUE INDEX narrow_pkey ON narrow(id);
VACUUM (FREEZE, ANALYZE) orders;
VACUUM (FREEZE, ANALYZE) narrow;
SELECT count(*), min(created_at), max(created_at), pg_size_pretty(pg_table_size('orders')) FROM orders;
SELECT count(*), min(ts), max(ts), pg_size_pretty(pg_table_size('narrow')) FROM narrow;
