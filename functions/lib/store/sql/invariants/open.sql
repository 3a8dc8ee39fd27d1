-- Chunks of the window checked last that are done or failed and have an open link: $1 at most, locked.
select c.id
from sluice.chunk c
where c.state in ('done', 'failed')
  and c.id in (
      select l.chunk_id
      from (select split_part(s.value, ' ', 1)::uuid as low, split_part(s.value, ' ', 2)::uuid as high
            from sluice.setting s where s.name = 'invariants_window') w
      join sluice.link l on l.chunk_id between w.low and w.high
      where l.open)
order by c.id limit $1 for update
