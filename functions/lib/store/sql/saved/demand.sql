-- Requests a run of saved export $2 of tenant $1 at once. A period that waits after a failure is tried first. No row if a run
-- is under way. $3 are the datasets visible to the caller (null: all).
update sluice.saved s
set demanded_at = case when s.failures > 0 and not s.paused then null else clock_timestamp() end,
    next_at = case when s.failures > 0 and not s.paused then clock_timestamp() else s.next_at end
where s.tenant = $1 and s.name = $2 and ($3::text[] is null or s.datasets <@ to_jsonb($3))
  and s.export_id is null and (s.claimed_until is null or s.claimed_until < clock_timestamp())
