-- Reads up to $1 saved exports whose run has ended, because its export has ended or was deleted; of tenant $2 with name $3
-- (null: any).
select s.id, s.export_id, s.tenant, s.name, s.request, s.range_name, s.schedule, sluice.micros(s.running_tick) as tick,
       s.running_demanded as demanded, s.failures, coalesce(e.status, 'canceled') as status
from sluice.saved s left join sluice.export e on e.id = s.export_id
where s.export_id is not null and coalesce(e.status, 'canceled') not in ('queued', 'running')
  and ($2::text is null or s.tenant = $2 and s.name = $3)
order by s.export_id
limit $1
