-- Chunks $1 that live exports still need are read again: due at once, under the next attempt. Objects the last
-- attempt wrote, or still writes, are orphaned. Chunks and exports are locked by the caller.
with reread as (
    update sluice.chunk c
    set state = 'due', due_at = clock_timestamp(), sends = 0, lease_until = null, as_of = null, reusable = false, proof = null,
        keep_until = null, ended_at = null,
        -- A fresh read: earlier failures do not count against it.
        failures = 0, failure = null, breaks = 0,
        planned_rows = coalesce(c.rows, c.planned_rows), planned_bytes = coalesce(c.source_bytes, c.planned_bytes),
        rows = null, bytes = null, source_bytes = null, sha256 = null
    where c.id = any ($1) and c.state in ('running', 'done')
      and exists (select from sluice.link l where l.chunk_id = c.id)
    returning c.id, c.tenant, c.attempt
), reopened as (
    update sluice.link l set open = true, reused = false, unchanged = false from reread where l.chunk_id = reread.id
    returning l.export_id
), ended as (
    update sluice.attempt a set outcome = 'canceled', ended_at = clock_timestamp()
    from reread where a.chunk_id = reread.id and a.number = reread.attempt and a.outcome is null
), orphaned as (
    insert into sluice.litter (prefix, sweep_at, again_after)
    -- As sluice.attempt_prefix(), which a store that is not migrated yet does not have.
    select format('t/%s/c/%s/%s.', tenant, id, attempt), clock_timestamp(), sluice.worker_timeout() from reread
    on conflict (prefix) do update set sweep_at = excluded.sweep_at, again_after = excluded.again_after
)
update sluice.export e
set edition = e.edition + 1,
    -- The snapshot is older than the call: what was read under it is of no use any more.
    cut_state = case when e.cut_state = 'in' then 'stale' else e.cut_state end
where e.id in (select export_id from reopened)
returning e.id
