-- Leases keeper $1 for $2 seconds, if its cut is not open yet, or is still open and needs the next keeper.
update sluice.keeper k
set state = 'running', renewed_at = clock_timestamp(), lease_until = clock_timestamp() + $2::bigint * interval '1 second'
from sluice.cut c
where k.id = $1 and k.state = 'sent' and c.id = k.cut
  and c.state = case when k.number = 1 then 'opening' else 'open' end
returning k.cut, k.number, c.snapshot
