-- Reads the chunks of export $1 for its manifest, in order. A file of before that was found unchanged within a cut shows the
-- instant of the cut, although it may have been checked again since.
select c.id, c.dataset, c.range_of, c.range_start, c.range_end,
       sluice.micros(case when l.unchanged and e.cut is not null then t.as_of else c.as_of end) as as_of, sluice.micros(c.horizon) as horizon,
       c.attempt, c.rows, c.bytes, c.source_bytes,
       case when s.shared then c.planned_rows end as planned_rows,
       case when s.shared then c.planned_bytes end as planned_bytes,
       c.sha256, l.reused, l.unchanged
from sluice.link l
join sluice.chunk c on c.id = l.chunk_id
join sluice.export e on e.id = l.export_id
left join sluice.cut t on t.id = e.cut
join sluice.selection s on s.fingerprint = c.fingerprint
where l.export_id = $1
order by l.ordinal, l.chunk_id
