-- Makes events of receiver $1 due at once: event $2, or with null all that it has not accepted.
update sluice.notice
set state = 'due', due_at = clock_timestamp(), failures = 0
where receiver_id = $1 and ($2::uuid is null and state in ('failed', 'due') or event_id = $2 and state in ('failed', 'accepted', 'due'))
