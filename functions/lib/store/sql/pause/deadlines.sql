-- Moves the deadlines of live exports by the time since $1, or since they were queued if that was later.
update sluice.export
set deadline_at = deadline_at + (clock_timestamp() - greatest($1::text::timestamptz, queued_at))
where status in ('queued', 'running')
