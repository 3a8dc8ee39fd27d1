-- Closes the open links of those of chunks $1 that are done or failed. The chunks are locked by the caller.
update sluice.link l
set open = false
from sluice.chunk c
where c.id = any ($1) and l.chunk_id = c.id and l.open and c.state in ('done', 'failed')
