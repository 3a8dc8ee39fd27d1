-- How many splits lie between a planned chunk and this one, and what the parent had seen when its time ran out: a split that
-- did not help is not repeated.
alter table sluice.chunk add column depth smallint not null default 0;
alter table sluice.chunk add column parent_seen bigint;

-- Links are in the order of ordinal and chunk: deep splits leave several links with one ordinal.
drop index sluice.link_ordinal;
create index link_ordinal on sluice.link (export_id, ordinal, chunk_id);
drop index sluice.link_open;
create index link_open on sluice.link (export_id, (ordinal + 0), chunk_id) where open;
