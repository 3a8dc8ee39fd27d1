-- Finds export $1 if it is live and has no open link; locks nothing. The last link is the last to close; without the
-- order the planner may gather all that are open.
select from sluice.export e
where e.id = $1 and e.status in ('queued', 'running')
  and (select l.open from sluice.link l where l.export_id = e.id and l.open order by l.ordinal desc limit 1) is null
