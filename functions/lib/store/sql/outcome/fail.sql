-- Records failure number $3 of chunk $1, with reason $4. The chunk is due again ($2) after $5 seconds, or failed for
-- good. It is locked by the caller.
update sluice.chunk
set state = case when $2 then 'due' else 'failed' end, failures = $3::bigint, failure = $4,
    lease_until = null, reusable = false, due_at = clock_timestamp() + $5::bigint * interval '1 second',
    ended_at = case when not $2 then clock_timestamp() end
where id = $1
