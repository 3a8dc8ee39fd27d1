-- Chunks whose message is already sent wait with the others: a worker that leases one would only meet the same
-- condition.
with sent as (select id from sluice.chunk where state = 'sent' for update skip locked)
update sluice.chunk c set state = 'due', sends = greatest(c.sends - 1, 0) from sent where c.id = sent.id
