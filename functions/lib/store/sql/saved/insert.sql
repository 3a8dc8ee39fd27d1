-- Saves an export: $1 id, $2 tenant, $3 name, $4 request, $5 range, $6 schedule, $7 key, $8 rights, $9 datasets, $10 next tick,
-- $11 time of its run. No row if the name is taken, or the tenant has $12 saved exports.
insert into sluice.saved as s (id, tenant, name, request, range_name, schedule, key_id, rights, datasets, created_at, changed_at,
                               next_tick, next_at)
select $1::uuid, $2::text, $3::text, $4::jsonb, $5::text, $6::jsonb, $7::text, $8::jsonb, $9::jsonb, n.now, n.now,
       sluice.from_micros($10), sluice.from_micros($11)
from (select clock_timestamp() as now) n
where (select count(*) from sluice.saved o where o.tenant = $2) < $12
on conflict (tenant, name) do nothing
returning s.id
