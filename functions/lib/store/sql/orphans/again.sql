-- Schedules the second sweep of prefix $1, if it has one.
update sluice.litter
set sweep_at = clock_timestamp() + again_after, again_after = null
where prefix = $1 and again_after is not null
