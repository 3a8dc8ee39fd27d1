-- Marks events as sent and returns them with their receivers: due ones, and those whose message or receipt was lost. Of each
-- receiver about $1 are under way at a time, so that a slow one delays others little, and of each export the next event waits
-- for the one before it. The message of an attempt is considered lost after $2 seconds.
with found as (
    select o.event_id, o.receiver_id
    from sluice.receiver r cross join lateral (
        select n.event_id, n.receiver_id from sluice.notice n
        where n.receiver_id = r.id and n.state in ('due', 'sent') and n.due_at <= clock_timestamp()
          and not exists (select from sluice.notice b
                          where b.receiver_id = n.receiver_id and b.export_id = n.export_id and b.number < n.number
                            and b.state in ('due', 'sent'))
        order by n.due_at, n.number
        limit greatest(0, $1::bigint - (select count(*) from sluice.notice s
                                        where s.receiver_id = r.id and s.state = 'sent' and s.due_at > clock_timestamp()))
        for update skip locked
    ) o
    where r.disabled_at is null
), sent as (
    update sluice.notice n
    set state = 'sent', attempt = n.attempt + 1, due_at = clock_timestamp() + $2::bigint * interval '1 second'
    from found f
    where n.event_id = f.event_id and n.receiver_id = f.receiver_id
    returning n.*
)
select e.id, e.export_id, e.tenant, e.type, sluice.micros(e.at) as at, e.data, n.attempt, sluice.micros(clock_timestamp()) as now,
       r.id as receiver_id, r.kind, r.address, r.secrets
from sent n join sluice.event e on e.id = n.event_id join sluice.receiver r on r.id = n.receiver_id
order by n.number
