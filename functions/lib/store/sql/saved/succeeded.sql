-- Ends the run of saved export $1 whose export $2 has succeeded. The next tick is $3, and it runs at $4; both stay as they are
-- after a run on demand. $5 is the time (null: now).
with ended as (
    update sluice.saved s
    set last_end = greatest(s.last_end, s.running_end), export_id = null, running_tick = null, running_end = null,
        next_tick = case when s.running_tick = s.next_tick and not s.running_demanded
                         then sluice.from_micros($3) else s.next_tick end,
        next_at = case when s.running_tick = s.next_tick and not s.running_demanded
                       then sluice.from_micros($4) else s.next_at end,
        failures = case when s.running_demanded then s.failures else 0 end,
        error = case when s.running_demanded and s.failures > 0 then s.error end
    where s.id = $1 and s.export_id = $2
    returning s.id
)
update sluice.saved_run r
set outcome = 'succeeded', ended_at = coalesce(sluice.from_micros($5), clock_timestamp())
from ended
where r.saved_id = ended.id and r.export_id = $2 and r.outcome = 'running'
