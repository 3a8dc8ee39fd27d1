-- Tables that are hard on memory; after orders.sql, whose h() and narrow they use. Deterministic as well.
\set ON_ERROR_STOP 1
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 0;
DROP TABLE IF EXISTS cells, wide, large;
CREATE OR REPLACE VIEW narrow_1m AS SELECT * FROM narrow WHERE id <= 1000000;

-- 2,000 values of 100,000 bytes that do not compress well.
CREATE TABLE cells (id bigint NOT NULL, body text NOT NULL);
ALTER TABLE cells ALTER body SET STORAGE external;
INSERT INTO cells
SELECT i, (SELECT string_agg(md5(i || ':' || j), '') FROM generate_series(1, 3125) AS j)
FROM generate_series(1, 2000) AS i;

-- 400 columns of ten types, a row to a page.
SELECT 'CREATE TABLE wide WITH (toast_tuple_target = 8160) AS SELECT '
  || string_agg(format((ARRAY[
       'h(i,%1$s) AS c%1$s',
       '(h(i,%1$s)%%1000000)::int AS c%1$s',
       'md5(i || '':%1$s'') AS c%1$s',
       '((h(i,%1$s)%%100000000)::numeric/100)::numeric(12,2) AS c%1$s',
       'timestamptz ''2024-01-01 00:00:00+00'' + (h(i,%1$s)%%86400000) * interval ''1 millisecond'' AS c%1$s',
       '(h(i,%1$s)%%1000000)::float8/1000 AS c%1$s',
       'h(i,%1$s)%%2=0 AS c%1$s',
       'date ''2024-01-01'' + (h(i,%1$s)%%365)::int AS c%1$s',
       'md5(''%1$s:'' || i)::uuid AS c%1$s',
       'jsonb_build_object(''n'', h(i,%1$s)%%1000) AS c%1$s'])[1 + c % 10], c), ', ' ORDER BY c)
  || ' FROM generate_series(1::bigint, 20000) AS i'
FROM generate_series(1, 400) AS c \gexec

-- One value of 48,000,000 bytes.
CREATE TABLE large (id bigint NOT NULL, body text NOT NULL);
ALTER TABLE large ALTER body SET STORAGE external;
INSERT INTO large SELECT 1, string_agg(md5('large:' || j), '' ORDER BY j) FROM generate_series(1, 1500000) AS j;
VACUUM (FREEZE, ANALYZE) cells, wide, large;
