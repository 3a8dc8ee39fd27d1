-- Effect of a catalog that does not allow the selections $1: the chunks that would fail, those that would no longer
-- be reused, and the exports that would lose chunks.
select c.dataset,
       count(*) filter (where c.state in ('due', 'sent', 'running')) as failing,
       count(*) filter (where c.state = 'done' and c.reusable) as forgotten,
       (select array_agg(distinct l.export_id)
        from sluice.chunk o join sluice.link l on l.chunk_id = o.id and l.open
        where o.fingerprint = any ($1) and o.dataset = c.dataset and o.state in ('due', 'sent', 'running')) as exports
from sluice.chunk c
where c.fingerprint = any ($1) and c.state in ('due', 'sent', 'running', 'done')
group by c.dataset
