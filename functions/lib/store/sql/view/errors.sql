-- Chunks that export $1 will not contain, with the reasons.
select * from (
    select c.dataset, c.range_of, c.range_start, c.range_end, c.attempt as attempts, c.failure
    from sluice.link l join sluice.chunk c on c.id = l.chunk_id
    where l.export_id = $1 and c.state = 'failed'
    union all
    select dataset, range_of, range_start, range_end, attempts, failure
    from sluice.missing where export_id = $1
) as e
order by dataset, range_start
limit 100
