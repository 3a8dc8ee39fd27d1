-- Deletes the links of export $1 to those of chunks $2 that are not done. The chunks are locked by the caller.
delete from sluice.link l
using sluice.chunk c
where l.export_id = $1 and l.chunk_id = any ($2)
  and c.id = l.chunk_id and c.state in ('due', 'sent', 'running')
