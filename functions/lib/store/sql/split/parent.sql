-- Ends chunk $1 as split if attempt $2 of it runs, and reads its selection.
update sluice.chunk c
set state = 'split', ended_at = clock_timestamp(), lease_until = null, reusable = false
from sluice.selection s
where c.id = $1 and c.attempt = $2::bigint and c.state = 'running' and s.fingerprint = c.fingerprint
returning s.body as selection
