-- Takes one of $2 places of tenant $1 for $3 seconds. Returns no row if all are taken; of two that take the last one
-- at the same time, one gets none.
insert into sluice.wait as w (tenant, place, until)
select $1, p.place, clock_timestamp() + $3::bigint * interval '1 second'
from generate_series(1, $2::integer) p (place)
where not exists (select from sluice.wait t where t.tenant = $1 and t.place = p.place and t.until > clock_timestamp())
order by p.place
limit 1
on conflict (tenant, place) do update set until = excluded.until where w.until <= clock_timestamp()
returning w.place, sluice.micros(w.until) as until
