-- Takes back the running chunk that was leased last, so that its worker becomes free for the next keeper. The worker
-- stops at its next renewal; its objects are orphaned. The chunk is charged with nothing.
with last as (
    select c.id, c.tenant, c.attempt
    from sluice.chunk c join sluice.attempt a on a.chunk_id = c.id and a.number = c.attempt
    where c.state = 'running'
    order by a.started_at desc
    limit 1
    for update of c skip locked
), due as (
    update sluice.chunk c
    set state = 'due', due_at = clock_timestamp(), sends = 0, lease_until = null, reusable = false, as_of = null, proof = null
    from last where c.id = last.id
), ended as (
    update sluice.attempt a set outcome = 'canceled', ended_at = clock_timestamp()
    from last where a.chunk_id = last.id and a.number = last.attempt and a.outcome is null
)
insert into sluice.litter (prefix, sweep_at, again_after)
-- As sluice.attempt_prefix(), which a store that is not migrated yet does not have.
select format('t/%s/c/%s/%s.', tenant, id, attempt), clock_timestamp(), sluice.worker_timeout() from last
on conflict (prefix) do nothing
