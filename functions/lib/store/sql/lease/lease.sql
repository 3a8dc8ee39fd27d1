-- Leases chunk $1 for $2 seconds. The where clause is the fence: only a chunk in state `sent` can be leased.
with leased as (
    update sluice.chunk
    set state = 'running', attempt = attempt + 1, sends = 0, reusable = false, as_of = null,
        renewed_at = clock_timestamp(), lease_until = clock_timestamp() + $2::bigint * interval '1 second'
    where id = $1 and state = 'sent'
    returning *
), started as (
    insert into sluice.attempt (chunk_id, number, started_at)
    select id, attempt, clock_timestamp() from leased
)
select l.attempt, l.tenant, l.range_of, l.range_start, l.range_end, l.planned_bytes, l.indexed, l.failures, l.depth, l.parent_seen, l.hive, l.traceparent,
       greatest(extract(epoch from clock_timestamp() - l.due_at) * 1000, 0)::bigint as waited_ms,
       s.body as selection
from leased l join sluice.selection s on s.fingerprint = l.fingerprint
