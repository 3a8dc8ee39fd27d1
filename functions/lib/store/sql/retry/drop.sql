-- Drops the links of export $1 to chunks that are not done, and all links of the datasets $2, which are read in full.
delete from sluice.link l
using sluice.chunk c
where l.export_id = $1 and c.id = l.chunk_id and (c.state <> 'done' or c.dataset = any ($2::text[]))
