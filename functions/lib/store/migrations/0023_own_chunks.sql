-- A plan's times, sizes and file sizes are measured on the tenant's own chunks that ended last: what others have is not
-- told by them.
create index chunk_own on sluice.chunk (tenant, ended_at desc) where state = 'done';
drop index sluice.chunk_recent;
