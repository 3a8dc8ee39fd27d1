-- Slices: chunks of a dataset without a range column are spans of its key, or of the blocks of its heap.

alter table sluice.chunk drop constraint chunk_range_of_check;
alter table sluice.chunk add constraint chunk_range_of_check
    check (range_of in ('date', 'wall', 'instant', 'all', 'null', 'integer', 'uuid', 'block')) not valid;
