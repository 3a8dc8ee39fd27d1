-- Records that those of chunks $1 whose time for reuse is over were checked. The chunks are locked by the caller.
update sluice.chunk
set keep_until = null
where id = any ($1) and state in ('done', 'failed') and keep_until < clock_timestamp()
