-- Ranges that export $1 has (lacking = false) and still lacks (lacking = true).
select c.dataset, c.fingerprint, c.range_of, c.range_start, c.range_end, c.state <> 'done' as lacking
from sluice.link l join sluice.chunk c on c.id = l.chunk_id
where l.export_id = $1
union all
select dataset, fingerprint, range_of, range_start, range_end, true
from sluice.missing where export_id = $1
