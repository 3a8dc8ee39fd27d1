-- Deletes up to $1 events that are older than $2 days, with what was recorded about their receivers.
delete from sluice.event
where id in (select id from sluice.event where at < clock_timestamp() - $2::bigint * interval '1 day' order by at limit $1)
