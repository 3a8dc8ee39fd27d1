-- Exports that have chunk $1, which is being read now, run from now on. One that shares the chunk and still waits for
-- its turn stays queued.
update sluice.export
set status = 'running', started_at = coalesce(started_at, clock_timestamp())
where status = 'queued' and id in (
    select l.export_id
    from sluice.link l join sluice.export_turn t on t.export_id = l.export_id
    where l.chunk_id = $1)
