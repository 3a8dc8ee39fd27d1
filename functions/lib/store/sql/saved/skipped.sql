-- Moves saved export $1, under claim $2, on to tick $4, which runs at $5, and records why the periods from tick $3 on were
-- skipped ($6). $7 is the time (null: now).
with moved as (
    update sluice.saved s
    set next_tick = sluice.from_micros($4), next_at = sluice.from_micros($5), failures = 0, claimed_until = null
    where s.id = $1 and s.claimed_until = sluice.from_micros($2)
    returning s.id
)
insert into sluice.saved_run (saved_id, tick, number, started_at, ended_at, outcome, error)
select s.id, sluice.from_micros($3),
       1 + (select coalesce(max(r.number), 0) from sluice.saved_run r
            where r.saved_id = s.id and r.tick = sluice.from_micros($3)),
       n.now, n.now, 'skipped', $6::text
from moved s cross join (select coalesce(sluice.from_micros($7), clock_timestamp()) as now) n
