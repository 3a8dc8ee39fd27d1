-- Exports that attempt $2 of chunk $1 has linked to chunk $3, if it did.
select l.export_id
from sluice.attempt a join sluice.link l on l.chunk_id = $3 and l.unchanged
where a.chunk_id = $1 and a.number = $2::bigint and a.outcome = 'unchanged'
