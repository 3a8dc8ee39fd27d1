-- Makes attempts $3 of the events $1 at the receivers $2 due again soon: the queue has not taken their messages.
update sluice.notice n
set state = 'due', due_at = clock_timestamp() + interval '10 seconds'
from unnest($1::uuid[], $2::uuid[], $3::integer[]) as t (event_id, receiver_id, attempt)
where n.event_id = t.event_id and n.receiver_id = t.receiver_id and n.attempt = t.attempt and n.state = 'sent'
