-- Exports leave cut $1, which has ended: those that lack something wait for the next one. If it could not be opened ($2),
-- nothing was read, and it is counted; otherwise what was read must be replaced.
update sluice.export e
set cut_state = case when $2 then 'waiting' else 'stale' end,
    cut = case when not $2 then e.cut end,
    cut_failures = e.cut_failures + $2::integer
from (
    select x.id from sluice.export x
    where x.cut = $1 and x.cut_state = 'in' and x.status in ('queued', 'running') and sluice.has_open_link(x.id)
    order by x.id
    for no key update of x
) w
where e.id = w.id
returning e.id, e.cut_failures
