-- Ends export $1 with status $2; its retention begins.
update sluice.export
set status = $2, ended_at = clock_timestamp(), expires_at = clock_timestamp() + sluice.retention()
where id = $1
