-- Records that receiver $2 has accepted event $1, with HTTP status $3. An earlier attempt may have reached it too, so its number
-- does not matter. Later events of the export, which waited with it, are due.
with accepted as (
    update sluice.notice set state = 'accepted', tried_at = clock_timestamp(), status = $3, failure = null
    where event_id = $1 and receiver_id = $2 and state <> 'accepted'
    returning receiver_id, export_id, number
), followers as (
    update sluice.notice n set due_at = clock_timestamp()
    from accepted a
    where n.receiver_id = a.receiver_id and n.export_id = a.export_id and n.number > a.number and n.state = 'due'
      and n.due_at > clock_timestamp()
)
update sluice.receiver r set accepted_at = clock_timestamp() from accepted a where r.id = a.receiver_id
