-- Ended exports lose the files of chunks $1, and list them as missing. Chunks and exports are locked by the caller.
with lost as (
    delete from sluice.link l
    using sluice.chunk c, sluice.export e
    where l.chunk_id = any ($1) and c.id = l.chunk_id and c.state = 'done'
      and e.id = l.export_id and e.status not in ('queued', 'running')
    returning l.export_id, l.name, c.dataset, c.fingerprint, c.range_of, c.range_start, c.range_end, c.attempt, c.rows, c.bytes
), noted as (
    insert into sluice.missing (export_id, name, dataset, fingerprint, range_of, range_start, range_end, attempts, failure)
    select export_id, name, dataset, fingerprint, range_of, range_start, range_end, attempt,
           jsonb_build_object('code', 'invalidated', 'again', false, 'message',
               'the operator invalidated this range after it was read, and its file was deleted; '
               || 'retry the export, or create a new one, to read it again')
    from lost
), summed as (
    select export_id, count(*) as chunks, sum(rows) as rows, sum(bytes) as bytes from lost group by export_id
), manifests as (
    -- The manifest lists files that are gone; no export refers to it from here on.
    insert into sluice.litter (prefix, sweep_at, unless_named)
    select e.manifest_key, clock_timestamp(), true
    from summed s join sluice.export e on e.id = s.export_id
    where e.manifest_key is not null
    on conflict (prefix) do nothing
)
update sluice.export e
set status = case when e.status = 'succeeded' then 'failed' else e.status end,
    manifest_key = null,
    edition = e.edition + 1,
    -- If links were dropped before, the counts were kept; otherwise they are counted again.
    progress = e.progress || jsonb_build_object(
        'chunksDone', (e.progress ->> 'chunksDone')::bigint - s.chunks,
        'rows', (e.progress ->> 'rows')::bigint - s.rows,
        'bytes', (e.progress ->> 'bytes')::bigint - s.bytes)
from summed s
where e.id = s.export_id
returning e.id
