-- Stores the counts of export $1 before its links are deleted, unless they are stored.
update sluice.export
set progress = coalesce(progress, sluice.last_progress(id))
where id = $1
