-- True if an event may be sent to a receiver now.
select exists (
    select from sluice.receiver r
    where r.disabled_at is null
      and exists (select from sluice.notice n
                  where n.receiver_id = r.id and n.state in ('due', 'sent') and n.due_at <= clock_timestamp()
                    and not exists (select from sluice.notice b
                                    where b.receiver_id = n.receiver_id and b.export_id = n.export_id
                                      and b.number < n.number and b.state in ('due', 'sent')))
) as due
