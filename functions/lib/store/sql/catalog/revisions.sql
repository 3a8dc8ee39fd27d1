-- Lists the last $1 revisions, latest first.
select revision, sluice.micros(applied_at) as applied
from sluice.catalog
order by applied_at desc
limit $1
