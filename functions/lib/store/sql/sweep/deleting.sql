-- The next $1 chunks whose objects must be deleted: the first of each tenant, then the second of each, and so on.
-- Within a tenant first those not emptied yet, then those whose rows may be deleted if nothing was written since.
with recursive tenants (tenant) as (
    (select c.tenant from sluice.chunk c where c.state in ('split', 'dying') order by c.tenant limit 1)
    union all
    select (select c.tenant from sluice.chunk c
            where c.state in ('split', 'dying') and c.tenant > t.tenant order by c.tenant limit 1)
    from tenants t where t.tenant is not null
)
select x.id, x.tenant, x.quiet
from tenants t cross join lateral (
    select c.*, row_number() over (order by c.emptied, c.ended_at) as n
    from (select c.id, c.tenant, c.ended_at, c.emptied_at is not null as emptied,
                 c.ended_at + sluice.worker_timeout() < clock_timestamp() as quiet
          from sluice.chunk c
          where c.tenant = t.tenant and c.state in ('split', 'dying')
            and (c.emptied_at is null or c.ended_at + sluice.worker_timeout() < clock_timestamp())
          order by (c.emptied_at is not null), c.ended_at limit $1) c
) x
order by x.n, x.ended_at limit $1
