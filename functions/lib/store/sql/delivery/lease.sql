-- Leases the delivery of export $1 for $2 seconds, if it was sent. The destination is null if the operator has removed it or
-- the tenant may no longer use it. `superseded` is true if a later export of the tenant has been delivered there.
with leased as (
    update sluice.delivery
    set state = 'running', attempt = attempt + 1, lease_until = clock_timestamp() + $2::bigint * interval '1 second'
    where export_id = $1 and state = 'sent'
    returning *
)
select l.tenant, l.attempt, l.failures, l.destination, p.body as definition, e.manifest_key,
       exists (select from sluice.delivery o join sluice.export later on later.id = o.export_id
               where o.destination = l.destination and o.tenant = l.tenant and o.state = 'delivered'
                 and (later.accepted_at, later.id) > (e.accepted_at, e.id)) as superseded
from leased l
join sluice.export e on e.id = l.export_id
left join sluice.destination p on p.name = l.destination
    and (p.body -> 'tenants' ? '*' or p.body -> 'tenants' ? l.tenant)
