-- Replaces the definition of saved export $2 of tenant $1: $3 request, $4 range, $5 schedule, $6 key, $7 rights, $8 datasets,
-- $9 next tick, $10 time of its run. With the same schedule and range, periods that wait are kept, and a failed one is tried at
-- once. A run that is under way continues. $11 are the datasets visible to the caller (null: all).
update sluice.saved s
set request = $3, range_name = $4, schedule = $5, key_id = $6, rights = $7, datasets = $8, edition = edition + 1,
    changed_at = clock_timestamp(), failures = 0, error = null,
    next_tick = case when s.schedule is not distinct from $5 and s.range_name is not distinct from $4
                     then coalesce(s.next_tick, sluice.from_micros($9)) else sluice.from_micros($9) end,
    next_at = case when s.schedule is not distinct from $5 and s.range_name is not distinct from $4 and s.next_tick is not null
                   then case when s.failures > 0 then clock_timestamp() else s.next_at end
                   else sluice.from_micros($10) end
where s.tenant = $1 and s.name = $2 and ($11::text[] is null or s.datasets <@ to_jsonb($11))
