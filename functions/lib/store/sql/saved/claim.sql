-- Claims up to $1 saved exports that are due, for two minutes: those that are demanded, and those whose next period is due at
-- $4 (null: now); of tenant $2 with name $3 (null: any). Never one whose run is under way.
with due as (
    select s.id from sluice.saved s
    where s.export_id is null and (s.claimed_until is null or s.claimed_until < clock_timestamp())
      and (s.demanded_at is not null or s.next_at <= coalesce(sluice.from_micros($4), clock_timestamp()) and not s.paused)
      and ($2::text is null or s.tenant = $2 and s.name = $3)
    order by coalesce(s.demanded_at, s.next_at)
    limit $1
    for update skip locked
)
update sluice.saved s
set claimed_until = clock_timestamp() + interval '2 minutes'
from due
where s.id = due.id
returning s.id, s.tenant, s.name, s.request, s.range_name, s.schedule, s.key_id, s.rights, s.edition, s.failures,
          sluice.micros(s.demanded_at) as demanded, sluice.micros(s.next_tick) as next_tick,
          sluice.micros(s.last_end) as last_end, sluice.micros(s.claimed_until) as claim,
          sluice.micros(coalesce(sluice.from_micros($4), clock_timestamp())) as now
