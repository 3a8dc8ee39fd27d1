-- Chunks of dataset $1 (of tenant $2, or of all) that have been read or are being read, and touch the days given by
-- $3 kinds, $4 starts, $5 ends; the next $7 after id $6, locked in id order. Without days ($3 empty) all.
select c.id
from sluice.chunk c
where c.dataset = $1 and ($2::text is null or c.tenant = $2)
  and c.state in ('running', 'done')
  and ($6::uuid is null or c.id > $6)
  and (cardinality($3::text[]) = 0 or c.range_of in ('all', 'integer', 'uuid', 'block') or exists (
      select from unnest($3::text[], $4::bigint[], $5::bigint[]) as d (range_of, range_start, range_end)
      where c.range_of = d.range_of and c.range_start < d.range_end and c.range_end > d.range_start))
order by c.id
limit $7
for update of c
