-- Reads the state of event $1 at receiver $2.
select state, status, failure, failures from sluice.notice where event_id = $1 and receiver_id = $2
