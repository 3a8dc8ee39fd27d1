-- Lists what export $1 will not contain, those of its chunks $2 that are not done, for reason $3. Their rows are locked.
insert into sluice.missing (export_id, dataset, fingerprint, range_of, range_start, range_end, attempts, failure)
select l.export_id, c.dataset, c.fingerprint, c.range_of, c.range_start, c.range_end, c.attempt, $3
from sluice.link l join sluice.chunk c on c.id = l.chunk_id
where l.export_id = $1 and c.id = any ($2) and c.state in ('due', 'sent', 'running')
