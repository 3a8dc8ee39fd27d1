-- Layout of an export's files in folders ('whole', 'day', 'month', 'year'; null: one folder), by which the children of
-- a split chunk are named.
alter table sluice.link add column hive text;
-- Layout at whose partitions a chunk is cut if it has rows: it was planned as one because none are expected.
alter table sluice.chunk add column hive text;
-- Header `traceparent` of the request for which the chunk was planned.
alter table sluice.chunk add column traceparent text;
