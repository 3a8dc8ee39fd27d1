-- Chunks of export $1 after ordinal $2 and, among those with this ordinal, after chunk $3; at most $4, each with its
-- attempts.
select l.ordinal, l.name, l.reused, l.unchanged, c.id, c.dataset, c.range_of, c.range_start, c.range_end, c.state, c.attempt,
       -- Not for datasets with a tenant column, because their plan is based on the data of all tenants.
       case when s.shared then c.planned_rows end as planned_rows,
       case when s.shared then c.planned_bytes end as planned_bytes, sluice.micros(c.as_of) as as_of, c.rows, c.bytes, c.source_bytes, c.sha256,
       coalesce((
           select json_agg(json_build_object(
               'number', a.number, 'startedMicros', sluice.micros(a.started_at), 'endedMicros', sluice.micros(a.ended_at),
               'outcome', a.outcome, 'failure', a.failure, 'usage', a.usage) order by a.number)
           from sluice.attempt a where a.chunk_id = c.id), '[]') as attempts
from sluice.link l join sluice.chunk c on c.id = l.chunk_id join sluice.selection s on s.fingerprint = c.fingerprint
where l.export_id = $1 and ($2::bigint is null or (l.ordinal, l.chunk_id) > ($2, $3))
order by l.ordinal, l.chunk_id
limit $4
