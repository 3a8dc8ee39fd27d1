-- Export $1 restarts: new chunks take the place of those that were read, or are being read; those that wait are due
-- again. A file of before that was found unchanged is checked in the next cut. Chunks that failed stay as they are. Returns the chunks that lost their link. Chunks and export are locked by the
-- caller.
with old as materialized (
    select c.*, l.unchanged, gen_random_uuid() as new_id
    from sluice.link l join sluice.chunk c on c.id = l.chunk_id
    where l.export_id = $1 and c.state in ('running', 'done')
), new as (
    insert into sluice.chunk
        (id, tenant, dataset, fingerprint, range_of, range_start, range_end, planned_rows, planned_bytes, indexed, due_at,
         depth, parent_seen, hive, traceparent, checks, in_cut)
    select o.new_id, o.tenant, o.dataset, o.fingerprint, o.range_of, o.range_start, o.range_end,
           coalesce(o.rows, o.planned_rows), coalesce(o.source_bytes, o.planned_bytes), o.indexed, clock_timestamp(),
           o.depth, o.parent_seen, o.hive, o.traceparent, case when o.unchanged then o.id end, true
    from old o
), waiting as (
    update sluice.chunk c set state = 'due', due_at = clock_timestamp(), sends = 0
    from sluice.link l
    where l.export_id = $1 and c.id = l.chunk_id and c.state in ('due', 'sent')
), begun as (
    update sluice.export set cut_state = 'waiting', cut = null, edition = edition + 1 where id = $1
)
update sluice.link l set chunk_id = o.new_id, open = true, reused = false, unchanged = false
from old o
where l.export_id = $1 and l.chunk_id = o.id
returning o.id
