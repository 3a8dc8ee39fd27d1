-- Sends nothing to receiver $1 from now on. Events are kept for it.
update sluice.receiver set disabled_at = clock_timestamp(), disabled_reason = 'the operator has disabled it'
where id = $1 and disabled_at is null
