-- Replaces the definition of saved export $2 of tenant $1: $3 request, $4 range, $5 schedule, $6 key, $7 rights, $8 datasets,
-- $9 next tick, $10 time of its run. A run that is under way continues. $11 are the datasets visible to the caller (null: all).
update sluice.saved s
set request = $3, range_name = $4, schedule = $5, key_id = $6, rights = $7, datasets = $8, edition = edition + 1,
    changed_at = clock_timestamp(), next_tick = sluice.from_micros($9), next_at = sluice.from_micros($10),
    failures = 0, error = null, claimed_until = null
where s.tenant = $1 and s.name = $2 and ($11::text[] is null or s.datasets <@ to_jsonb($11))
