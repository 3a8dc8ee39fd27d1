-- Lists exports that were canceled a day ago and never had a file, $1 at most.
select id
from sluice.export
where status = 'canceled' and progress ->> 'chunksDone' = '0' and ended_at < clock_timestamp() - interval '1 day'
order by ended_at
limit $1
