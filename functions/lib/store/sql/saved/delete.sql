-- Deletes saved export $2 of tenant $1 with the list of its runs; their exports stay. $3 are the datasets visible to the
-- caller (null: all).
delete from sluice.saved s
where s.tenant = $1 and s.name = $2 and ($3::text[] is null or s.datasets <@ to_jsonb($3))
