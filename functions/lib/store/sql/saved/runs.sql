-- Lists runs of saved export $2 of tenant $1, newest first, after the run of start $4, tick $5 and number $6 (null: from the
-- newest), at most $7. $3 are the datasets visible to the caller (null: all).
select r.demanded, r.start_date, r.end_date, sluice.micros(r.tick) as tick, r.number, sluice.micros(r.started_at) as started,
       sluice.micros(r.ended_at) as ended, r.export_id, r.outcome, r.error
from sluice.saved s join sluice.saved_run r on r.saved_id = s.id
where s.tenant = $1 and s.name = $2 and ($3::text[] is null or s.datasets <@ to_jsonb($3))
  and ($4::bigint is null
       or (r.started_at, r.tick, r.number) < (sluice.from_micros($4), sluice.from_micros($5), $6::integer))
order by r.started_at desc, r.tick desc, r.number desc
limit $7
