-- Reports whether export $1 has an open link, and whether one of its chunks is missing or not done. The export is
-- locked by the caller.
select exists (select from sluice.link l where l.export_id = $1 and l.open) as open,
       exists (select from sluice.link l join sluice.chunk c on c.id = l.chunk_id
               where l.export_id = $1 and c.state <> 'done')
       or exists (select from sluice.missing m where m.export_id = $1) as incomplete
