-- Locks export $1 if it is live, must restart and has something left to read. Its chunks are locked by the caller.
select from sluice.export e
where e.id = $1 and e.status in ('queued', 'running') and e.cut_state = 'stale' and sluice.has_open_link(e.id)
for no key update of e
