-- Records that claim $2 of saved export $1 runs as export $3: at tick $4, for a period that ends at $5 (null: none), with dates
-- $6 and $7; on demand if $8. $9 is the time (null: now). No row if the claim is over.
with started as (
    update sluice.saved s
    set export_id = $3::uuid, running_tick = sluice.from_micros($4), running_end = sluice.from_micros($5), running_demanded = $8,
        claimed_until = null, demanded_at = case when $8::boolean then null else s.demanded_at end
    where s.id = $1 and s.claimed_until = sluice.from_micros($2)
    returning s.id
)
insert into sluice.saved_run (saved_id, tick, number, demanded, start_date, end_date, started_at, export_id, outcome)
select s.id, sluice.from_micros($4),
       1 + (select coalesce(max(r.number), 0) from sluice.saved_run r
            where r.saved_id = s.id and r.tick = sluice.from_micros($4)),
       $8, $6::text, $7::text, coalesce(sluice.from_micros($9), clock_timestamp()), $3::uuid, 'running'
from started s
