-- Lists saved exports of tenant $1 by name: that of name $3 (null: all), after name $4 (null: from the first), at most $5.
-- $2 are the datasets visible to the caller (null: all).
select s.name, s.request, s.range_name, s.schedule, coalesce('key ' || s.key_id, s.rights ->> 'by') as by, s.paused,
       sluice.micros(s.created_at) as created,
       sluice.micros(s.changed_at) as changed, sluice.micros(s.next_tick) as next_tick, sluice.micros(s.next_at) as next_at,
       s.demanded_at is not null as demanded, s.export_id, sluice.micros(s.last_end) as last_end, s.failures::bigint as failures,
       s.error
from sluice.saved s
where s.tenant = $1 and ($2::text[] is null or s.datasets <@ to_jsonb($2)) and ($3::text is null or s.name = $3)
  and ($4::text is null or s.name collate "C" > $4)
order by s.name collate "C"
limit $5
