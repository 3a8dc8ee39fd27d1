-- Reopens export $1 under revision $2, if no other is in force: $3 heads of its datasets, $4 seconds until its
-- deadline. The export is locked by the caller.
update sluice.export
set status = 'queued', queued_at = clock_timestamp(), revision = $2, edition = edition + 1, heads = $3,
    ended_at = null, expires_at = null, started_at = null, progress = null,
    cut_state = case when cut_state is not null then 'waiting' end, cut = null, cut_losses = 0, cut_failures = 0,
    deadline_at = clock_timestamp() + $4::bigint * interval '1 second'
where id = $1 and coalesce(sluice.revision_in_force() = $2, true)
