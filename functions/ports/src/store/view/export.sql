-- An export with counts over its chunks; a `where` follows.
select e.id::text, e.status, e.request::text, e.revision, e.heads::text, e.manifest_key,
       sluice.micros(e.accepted_at) as accepted, sluice.micros(e.started_at) as started, sluice.micros(e.ended_at) as ended,
       sluice.micros(e.expires_at) as expires, sluice.micros(e.deadline_at) as deadline,
       p.total + m.missing as total, p.done, p.failed + m.missing as failed, p.reused, p.running,
       p.rows, p.bytes, p.weight_total, p.weight_done, p.current,
       exists (select from sluice.setting where name = 'paused_at') as paused,
       (select count(*) from sluice.export q
        where q.tenant = e.tenant and q.status = 'queued' and (q.accepted_at, q.id) < (e.accepted_at, e.id)) as position
from sluice.export e
cross join lateral (
    select count(*) as total,
           count(*) filter (where c.state = 'done') as done,
           count(*) filter (where c.state = 'failed') as failed,
           count(*) filter (where l.reused) as reused,
           count(*) filter (where c.state = 'running') as running,
           coalesce(sum(c.rows) filter (where c.state = 'done'), 0)::bigint as rows,
           coalesce(sum(c.bytes) filter (where c.state = 'done'), 0)::bigint as bytes,
           coalesce(sum(l.weight), 0)::bigint as weight_total,
           coalesce(sum(l.weight) filter (where not l.open), 0)::bigint as weight_done,
           coalesce(array_agg(distinct c.dataset) filter (where c.state = 'running'), '{}') as current
    from sluice.link l join sluice.chunk c on c.id = l.chunk_id
    where l.export_id = e.id
) p
cross join lateral (select count(*) as missing from sluice.missing where export_id = e.id) m
