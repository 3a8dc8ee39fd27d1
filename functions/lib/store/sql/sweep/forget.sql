-- Deletes the rows of those of chunks $1 to which nothing can be written any more. They are locked by the caller.
delete from sluice.chunk c
where c.id = any ($1) and c.state in ('split', 'dying')
  and c.ended_at + sluice.worker_timeout() < clock_timestamp()
  and not exists (select from sluice.link l where l.chunk_id = c.id)
