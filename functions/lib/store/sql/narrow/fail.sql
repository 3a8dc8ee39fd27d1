-- Chunks $1 that are not read yet fail: their selections $2 do not fit the catalog, each for the reason in $3.
-- Objects that a running attempt may still write are orphaned. The chunks are locked by the caller.
with failed as (
    update sluice.chunk c
    set state = 'failed', ended_at = clock_timestamp(), lease_until = null, reusable = false, keep_until = null,
        failure = jsonb_build_object('code', 'catalog_changed', 'again', false, 'message', u.why)
    from unnest($2::bytea[], $3::text[]) as u (fingerprint, why)
    where c.id = any ($1) and c.state in ('due', 'sent', 'running') and c.fingerprint = u.fingerprint
    returning c.id, c.tenant, c.dataset, c.attempt, c.failure
), closed as (
    update sluice.link l set open = false from failed where l.chunk_id = failed.id
    returning l.export_id, failed.dataset
), ended as (
    update sluice.attempt a set outcome = 'failed', ended_at = clock_timestamp(), failure = failed.failure
    from failed where a.chunk_id = failed.id and a.number = failed.attempt and a.outcome is null
    returning failed.tenant, failed.id, failed.attempt
), orphaned as (
    insert into sluice.litter (prefix, sweep_at, again_after)
    -- As sluice.attempt_prefix(), which a store that is not migrated yet does not have.
    select format('t/%s/c/%s/%s.', tenant, id, attempt), clock_timestamp(), sluice.worker_timeout() from ended
    on conflict (prefix) do nothing
)
select f.dataset, count(*) as chunks,
       (select array_agg(distinct c.export_id) from closed c where c.dataset = f.dataset) as exports
from failed f
group by f.dataset
