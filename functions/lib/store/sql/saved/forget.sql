-- Deletes up to $1 runs that began more than 400 days ago.
delete from sluice.saved_run r
using (select saved_id, tick, number from sluice.saved_run
       where started_at < clock_timestamp() - interval '400 days' and outcome <> 'running'
       order by started_at limit $1) old
where (r.saved_id, r.tick, r.number) = (old.saved_id, old.tick, old.number)
