-- Leases chunk $1 for $2 seconds. The where clause is the fence: only a chunk in state `sent` can be leased. After a
-- failure the earlier chunk is not checked again: the failure may be that of the check. Nor is it if checks are off by now.
-- A chunk of a cut is leased only while its export is in an open cut, whose snapshot it reads. Its read takes no proof
-- for later checks: the snapshot is older than the transactions that the proof would be taken from. It checks only what
-- was read before the cut was requested, both by the clock of the store.
with leased as (
    update sluice.chunk
    set state = 'running', attempt = attempt + 1, sends = 0, reusable = false, as_of = null, proof = null,
        renewed_at = clock_timestamp(), lease_until = clock_timestamp() + $2::bigint * interval '1 second'
    where id = $1 and state = 'sent'
      and (not in_cut or exists (
          select from sluice.link k join sluice.export e on e.id = k.export_id join sluice.cut t on t.id = e.cut
          where k.chunk_id = $1 and k.open and e.cut_state = 'in' and t.state = 'open'))
    returning *
), started as (
    insert into sluice.attempt (chunk_id, number, started_at)
    select id, attempt, clock_timestamp() from leased
)
select l.attempt, l.tenant, l.range_of, l.range_start, l.range_end, l.planned_bytes, l.indexed, l.failures, l.depth, l.parent_seen, l.hive, l.traceparent,
       greatest(extract(epoch from clock_timestamp() - l.due_at) * 1000, 0)::bigint as waited_ms,
       s.body as selection, sluice.are_checked() and (not l.in_cut or o.id is not null) as proves, o.id as check_id, o.attempt as check_attempt, o.rows as check_rows, o.proof as check_proof,
       l.in_cut, t.id as cut_id, t.holder as cut_holder, t.snapshot as cut_snapshot, sluice.micros(t.as_of) as cut_as_of,
       sluice.micros(t.horizon) as cut_horizon, t.relations as cut_relations
from leased l join sluice.selection s on s.fingerprint = l.fingerprint
left join sluice.link tl on l.in_cut and tl.chunk_id = l.id
left join sluice.export te on te.id = tl.export_id
left join sluice.cut t on t.id = te.cut
left join sluice.chunk o on o.id = l.checks and l.failures = 0 and sluice.are_checked() and o.state = 'done' and o.proof is not null
    and o.tenant = l.tenant and o.fingerprint = l.fingerprint and o.range_of = l.range_of
    and o.range_start is not distinct from l.range_start and o.range_end is not distinct from l.range_end
    and (not l.in_cut or o.ended_at < t.created_at)
