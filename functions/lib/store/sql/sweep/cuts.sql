-- Deletes cuts that have ended and that no export names; of lost ones those that are counted (sweep/lost_cuts.sql).
delete from sluice.cut c
where c.state in ('ended', 'lost') and coalesce(c.next_at < clock_timestamp(), true)
  and (c.state = 'ended' or c.counted)
  and not exists (select from sluice.export e where e.cut = c.id)
