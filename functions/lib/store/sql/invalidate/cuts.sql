-- Exports in a cut that have yet to read something of dataset $1 (of tenant $2, or of all) restart: they would read it
-- as it was before the call.
update sluice.export e set cut_state = 'stale'
from (
    select x.id from sluice.export x
    where x.cut_state = 'in' and x.status in ('queued', 'running') and ($2::text is null or x.tenant = $2)
      and exists (select from sluice.link l join sluice.chunk c on c.id = l.chunk_id
                  where l.export_id = x.id and l.open and c.dataset = $1)
    order by x.id
    for no key update of x
) w
where e.id = w.id and e.cut_state = 'in'
