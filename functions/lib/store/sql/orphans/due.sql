-- The next $1 prefixes to sweep now: the first of each tenant, then the second of each, and so on. Tenants are found
-- by one index step each.
with recursive tenants (tenant) as (
    (select l.tenant from sluice.litter l order by l.tenant limit 1)
    union all
    select (select l.tenant from sluice.litter l where l.tenant > t.tenant order by l.tenant limit 1)
    from tenants t where t.tenant is not null
)
select x.prefix
from tenants t cross join lateral (
    select l.prefix, l.sweep_at, row_number() over (order by l.sweep_at) as n
    from (select l.prefix, l.sweep_at from sluice.litter l
          where l.tenant = t.tenant and l.sweep_at <= clock_timestamp() order by l.sweep_at limit $1) l
) x
order by x.n, x.sweep_at limit $1
