-- Records that claim $2 of saved export $1 was refused at tick $3 for reason $4, with dates $5 and $6; on demand if $7. Its
-- period is tried again in $8 seconds; a run on demand is not. $9 is the time (null: now).
with refused as (
    update sluice.saved s
    set claimed_until = null, error = $4::text,
        demanded_at = case when $7::boolean then null else s.demanded_at end,
        failures = s.failures + case when $7 then 0 else 1 end,
        next_at = case when $7 then s.next_at
                       else coalesce(sluice.from_micros($9), clock_timestamp()) + $8::bigint * interval '1 second' end
    where s.id = $1 and s.claimed_until = sluice.from_micros($2)
    returning s.id
)
insert into sluice.saved_run (saved_id, tick, number, demanded, start_date, end_date, started_at, ended_at, outcome, error)
select s.id, sluice.from_micros($3),
       1 + (select coalesce(max(r.number), 0) from sluice.saved_run r
            where r.saved_id = s.id and r.tick = sluice.from_micros($3)),
       $7, $5::text, $6::text, n.now, n.now, 'refused', $4::text
from refused s cross join (select coalesce(sluice.from_micros($9), clock_timestamp()) as now) n
