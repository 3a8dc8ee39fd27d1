-- Sends to receiver $1 again what is due. What failed while it was disabled becomes due.
with enabled as (
    update sluice.receiver set disabled_at = null, disabled_reason = null where id = $1 and disabled_at is not null
    returning id
)
update sluice.notice n set state = 'due', due_at = clock_timestamp(), failures = 0
from enabled e
where n.receiver_id = e.id and n.state in ('due', 'failed')
