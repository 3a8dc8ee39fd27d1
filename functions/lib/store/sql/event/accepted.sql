-- Records that receiver $2 has accepted event $1, with HTTP status $3. An earlier attempt may have reached it too, so its number
-- does not matter.
with accepted as (
    update sluice.notice set state = 'accepted', tried_at = clock_timestamp(), status = $3, failure = null
    where event_id = $1 and receiver_id = $2 and state <> 'accepted'
    returning receiver_id
)
update sluice.receiver r set accepted_at = clock_timestamp() from accepted a where r.id = a.receiver_id
