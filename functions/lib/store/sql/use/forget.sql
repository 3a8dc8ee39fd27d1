-- Deletes use of days that are more than $1 days ago, up to $2 rows.
delete from sluice.daily_use
where (tenant, day, slot) in (
    select u.tenant, u.day, u.slot from sluice.daily_use u
    where u.day < sluice.today() - $1::integer
    order by u.day limit $2
)
