-- Attempt $2 of chunk $1 met a condition of the deployment. The chunk is due when the back-off ends ($3), or in two
-- seconds if there is none. A session that broke while rows were read ($4) is counted, and the chunk waits twice as
-- long each time, because the back-off itself restarts whenever a chunk was able to begin to read. An attempt whose
-- lease expired meanwhile because the store was unreachable is not charged.
update sluice.chunk c
set state = 'due', lease_until = null, reusable = false, as_of = null,
    due_at = greatest(
        coalesce((select b.until from sluice.back_off b where $3), clock_timestamp() + interval '2 seconds'),
        case when $4 and c.as_of is not null
            then clock_timestamp() + least(power(2, c.breaks + 1), 300) * interval '1 second' end),
    breaks = c.breaks + ($4 and c.as_of is not null)::integer,
    failures = c.failures - (c.state <> 'running')::integer,
    failure = case when c.state = 'running' then c.failure end
where c.id = $1 and c.attempt = $2::bigint
  and (c.state = 'running' or c.state in ('due', 'sent') and exists (
      select from sluice.attempt a where a.chunk_id = c.id and a.number = c.attempt and a.outcome = 'lost'))
returning c.breaks, greatest(extract(epoch from c.due_at - clock_timestamp()) * 1000, 0)::bigint as wait_ms
