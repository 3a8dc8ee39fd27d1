-- Marks export $1 succeeded, with manifest $2, if its edition is $3 and all its chunks are done. The export is locked
-- by the caller.
update sluice.export
set status = 'succeeded', manifest_key = $2, started_at = coalesce(started_at, accepted_at),
    ended_at = clock_timestamp(), expires_at = clock_timestamp() + sluice.retention(),
    progress = sluice.last_progress(id)
where id = $1 and edition = $3
  and not exists (select from sluice.link l join sluice.chunk c on c.id = l.chunk_id
                  where l.export_id = $1 and c.state <> 'done')
