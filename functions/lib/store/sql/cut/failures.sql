-- The number of cuts that could not be opened for the exports in the cut of keeper $1.
select coalesce(max(e.cut_failures), 0)::bigint as most
from sluice.export e join sluice.keeper k on k.cut = e.cut
where k.id = $1
