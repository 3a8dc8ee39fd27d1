-- Lists ended exports whose retention is over, $1 at most.
select id
from sluice.export
where status in ('succeeded', 'failed', 'canceled') and expires_at < clock_timestamp()
order by expires_at
limit $1
