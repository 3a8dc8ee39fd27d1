-- Ends the run of saved export $1 whose export $2 has ended in state $3, for reason $4. Its period stays next and is tried
-- again in $5 seconds; a run on demand is not tried again. $6 is the time (null: now).
with ended as (
    update sluice.saved s
    set export_id = null, running_tick = null, running_end = null,
        next_at = case when s.running_tick = s.next_tick and not s.running_demanded
                       then coalesce(sluice.from_micros($6), clock_timestamp()) + $5::bigint * interval '1 second'
                       else s.next_at end,
        failures = s.failures + case when s.running_tick = s.next_tick and not s.running_demanded then 1 else 0 end,
        error = $4
    where s.id = $1 and s.export_id = $2
    returning s.id
)
update sluice.saved_run r
set outcome = $3, error = $4, ended_at = coalesce(sluice.from_micros($6), clock_timestamp())
from ended
where r.saved_id = ended.id and r.export_id = $2 and r.outcome = 'running'
