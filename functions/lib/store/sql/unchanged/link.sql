-- Attempt $2 of chunk $1 has found that the file which attempt $4 of chunk $3 wrote is what its query returns now: the
-- links of chunk $1 become links to chunk $3, and chunk $1 is removed. $5 is the proof taken before the check. The file
-- is as good as one read now, so it takes over time and horizon, and may be reused if all its rows are settled. Both
-- chunks are locked by the caller.
with checked as (
    select k.id, k.as_of, k.horizon, k.reusable
    from sluice.chunk k
    where k.id = $1 and k.attempt = $2::bigint and k.state = 'running'
), same as (
    update sluice.chunk c
    set as_of = greatest(c.as_of, k.as_of), horizon = greatest(c.horizon, k.horizon),
        reusable = c.reusable or k.reusable,
        keep_until = case when c.reusable or k.reusable
                          then greatest(c.keep_until, clock_timestamp() + sluice.reuse_for()) end,
        proof = case when (c.proof ->> 'oldestTransaction')::numeric > ($5::jsonb ->> 'oldestTransaction')::numeric
                     then c.proof else $5 end
    from checked k
    where c.id = $3 and c.attempt = $4::bigint and c.state = 'done'
    returning c.id
), moved as (
    update sluice.link l set chunk_id = s.id, open = false, unchanged = true
    from same s where l.chunk_id = $1
    returning l.export_id
), removed as (
    update sluice.chunk k
    set state = 'dying', reusable = false, ended_at = clock_timestamp(), lease_until = null
    from same s where k.id = $1
    returning k.id
)
select exists (select from checked) as running, exists (select from removed) as linked,
       coalesce((select array_agg(m.export_id) from moved m), '{}') as exports
