-- Chunks of the tenant that lie inside what is wanted and might be reused, in id order.
-- $1 tenant, $2 fingerprints, $3 starts and $4 ends of the wanted spans (null: no range column).
select c.id::text
from unnest($2::bytea[], $3::bigint[], $4::bigint[]) as w (fingerprint, range_start, range_end)
join sluice.chunk c
  on c.tenant = $1
 and c.fingerprint = w.fingerprint
 and c.state in ('due', 'sent', 'running', 'done')
 and (c.range_start is null or (c.range_start >= w.range_start and c.range_end <= w.range_end))
order by c.id
