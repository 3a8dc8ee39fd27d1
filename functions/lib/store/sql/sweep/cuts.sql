-- Deletes cuts that have ended and that no export names.
delete from sluice.cut c
where c.state in ('ended', 'lost') and coalesce(c.next_at < clock_timestamp(), true)
  and not exists (select from sluice.export e where e.cut = c.id)
