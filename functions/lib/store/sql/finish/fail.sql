-- Fails export $1 and stores its counts; its retention begins.
update sluice.export
set status = 'failed', ended_at = clock_timestamp(), expires_at = clock_timestamp() + sluice.retention(),
    progress = sluice.last_progress(id)
where id = $1
