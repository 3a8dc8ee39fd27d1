-- True if an export is past its deadline with something left to read. The operation that finds it so ends the export,
-- so that deadlines hold without a sweeper. Never true while paused, because deadlines do not advance then.
create or replace function sluice.overdue(e sluice.export) returns boolean
    language sql stable
as $$
    select e.status in ('queued', 'running') and e.deadline_at < clock_timestamp()
       and not exists (select from sluice.setting where name = 'paused_at')
       and exists (select from sluice.link l where l.export_id = e.id and l.open)
$$;
