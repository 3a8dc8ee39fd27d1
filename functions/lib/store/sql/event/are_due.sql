-- True if an event may be sent to a receiver now.
select exists (
    select from sluice.receiver r
    where r.disabled_at is null
      and exists (select from sluice.notice n
                  where n.receiver_id = r.id and n.state in ('due', 'sent') and n.due_at <= clock_timestamp())
) as due
