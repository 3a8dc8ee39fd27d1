-- Records that attempt $3 to send event $1 to receiver $2 has failed, with HTTP status $4 and reason $5. It is due again after
-- the wait of $6 (seconds) that belongs to the number of its failures, or after $7 seconds if that is longer; after the last
-- wait it has failed for good. Later events of the export wait with it. If the receiver has accepted nothing since the event,
-- or wants no more ($8), it is disabled. `disabled` is true if that has happened now, and `again` is the wait in seconds.
with one as (
    select n.*, ($6::bigint[])[n.failures + 1] as wait
    from sluice.notice n
    where n.event_id = $1 and n.receiver_id = $2 and n.attempt = $3 and n.state = 'sent'
    for update
), again as (
    -- No wait stays none: `greatest` would take the other number.
    select o.*, case when o.wait is not null
                     then clock_timestamp() + greatest(o.wait, least(coalesce($7::bigint, 0), 86400)) * interval '1 second' end as next_at
    from one o
), noted as (
    update sluice.notice n
    set state = case when a.wait is null then 'failed' else 'due' end, due_at = coalesce(a.next_at, n.due_at),
        failures = n.failures + 1, tried_at = clock_timestamp(), status = $4, failure = $5
    from again a
    where n.event_id = a.event_id and n.receiver_id = a.receiver_id
), followers as (
    update sluice.notice n set due_at = a.next_at
    from again a
    where n.receiver_id = a.receiver_id and n.export_id = a.export_id and n.number > a.number and n.state = 'due'
      and n.due_at < a.next_at
), disabled as (
    update sluice.receiver r
    set disabled_at = clock_timestamp(),
        disabled_reason = case when $8 then 'it answered that it wants no more events (status 410)'
                               else 'it accepted nothing during all attempts of an event; the last failure: ' || $5::text end
    from again a
    where r.id = a.receiver_id and r.disabled_at is null
      and ($8 or a.wait is null and coalesce(r.accepted_at < (select e.at from sluice.event e where e.id = a.event_id), true))
    returning r.id
)
select exists (select from disabled) as disabled, exists (select from one) as found,
       (select ceil(extract(epoch from next_at - clock_timestamp()))::bigint from again) as again
