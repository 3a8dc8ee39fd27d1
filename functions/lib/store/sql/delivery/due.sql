-- Marks up to $1 deliveries as sent and returns the ids of their exports: due ones, and those whose message or worker was
-- lost. At a destination whose manifest is replaced, one at a time.
with found as (
    select d.export_id, d.destination, coalesce(p.body ->> 'layout' = 'current', false) as alone
    from sluice.delivery d left join sluice.destination p on p.name = d.destination
    where (d.state = 'due' and d.due_at <= clock_timestamp())
       or (d.state = 'sent' and d.sent_at < clock_timestamp() - sluice.resend_after())
       or (d.state = 'running' and d.lease_until < clock_timestamp())
    order by d.due_at
    limit $1
    for update of d skip locked
), chosen as (
    select f.export_id from found f
    where not f.alone
       or f.export_id = (select o.export_id from found o where o.destination = f.destination order by o.export_id limit 1)
          and not exists (select from sluice.delivery r where r.destination = f.destination and r.state in ('sent', 'running')
                          and r.export_id not in (select export_id from found))
)
update sluice.delivery d
set state = 'sent', sent_at = clock_timestamp(), lease_until = null
from chosen c
where d.export_id = c.export_id
returning d.export_id as id
