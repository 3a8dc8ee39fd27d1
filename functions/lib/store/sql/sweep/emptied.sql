-- Records that the objects of chunks $1 were deleted. The chunks are locked by the caller.
update sluice.chunk
set emptied_at = clock_timestamp()
where id = any ($1) and state in ('split', 'dying')
