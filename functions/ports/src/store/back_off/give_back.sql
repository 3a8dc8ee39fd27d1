-- Attempt $2 of chunk $1 did not begin to read: the chunk is due when the back-off ends.
update sluice.chunk c
set state = 'due', due_at = b.until, lease_until = null, reusable = false, as_of = null
from sluice.back_off b
where c.id = $1::text::uuid and c.attempt = $2::bigint and c.state = 'running'
returning b.signal, b.seen, b.allowed, sluice.micros(b.until) as until
