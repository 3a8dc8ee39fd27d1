-- Use per tenant and day, from day $1 (null: 30 days ago) to $2 (inclusive; null: today), of tenant $3 or of all (null).
select u.day::text as day, u.tenant, sum(u.exports)::bigint as exports, sum(u.chunks)::bigint as chunks,
       sum(u.rows)::bigint as rows, sum(u.source_bytes)::bigint as source_bytes,
       sum(u.file_bytes)::bigint as file_bytes, sum(u.database_ms)::bigint as database_ms
from sluice.daily_use u
where u.day between coalesce($1::date, sluice.today() - 30) and coalesce($2::date, sluice.today()) and ($3::text is null or u.tenant = $3)
group by u.day, u.tenant
order by u.day, u.tenant
