-- Pauses saved export $2 of tenant $1 ($4 true) or resumes it. $3 are the datasets visible to the caller (null: all).
update sluice.saved s
set paused = $4, changed_at = clock_timestamp()
where s.tenant = $1 and s.name = $2 and ($3::text[] is null or s.datasets <@ to_jsonb($3))
