-- Whether the chunk's range is read through an index: then a chunk far beyond its plan is split.
alter table sluice.chunk add column indexed boolean not null default true;
