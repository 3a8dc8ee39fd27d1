-- True if a selection reads no rows owned by a tenant.
create or replace function sluice.is_shared(of_fingerprint bytea) returns boolean
    language sql stable
as $$
    select s.shared from sluice.selection s where s.fingerprint = of_fingerprint
$$;

-- Progress of an export, counted over its links. Chunks that are missing for good count in its total. They are added
-- to the failed ones only when the progress is read (view/export.sql), because some counts are stored before a chunk
-- is missing.
create or replace function sluice.progress(of_export uuid) returns jsonb
    language sql stable
as $$
    select jsonb_build_object(
        'chunksTotal', count(*) + (select count(*) from sluice.missing m where m.export_id = of_export),
        'chunksDone', count(*) filter (where c.state = 'done'),
        'chunksFailed', count(*) filter (where c.state = 'failed'),
        'chunksReused', count(*) filter (where l.reused),
        'chunksUnchanged', count(*) filter (where l.unchanged),
        'chunksRunning', count(*) filter (where c.state = 'running'),
        'rows', coalesce(sum(c.rows) filter (where c.state = 'done'), 0),
        'bytes', coalesce(sum(c.bytes) filter (where c.state = 'done'), 0),
        'oldestMicros', min(sluice.micros(c.as_of)) filter (where c.state = 'done'),
        'weightTotal', coalesce(sum(l.weight), 0),
        'weightDone', coalesce(sum(l.weight) filter (where not l.open), 0),
        -- Without datasets that have a tenant column, because their plan is based on the data of all tenants.
        'runningRows', coalesce(sum(case when c.state = 'running' and sluice.is_shared(c.fingerprint) then c.planned_rows end), 0),
        'runningBytes', coalesce(sum(case when c.state = 'running' and sluice.is_shared(c.fingerprint) then c.planned_bytes end), 0),
        'current', coalesce(jsonb_agg(distinct c.dataset) filter (where c.state = 'running'), '[]'))
    from sluice.link l join sluice.chunk c on c.id = l.chunk_id
    where l.export_id = of_export
$$;

-- The same counts as they are stored when an export has ended: counted once, with nothing running any more. Missing
-- chunks are not among the failed ones here, since more chunks may become missing; the reader of the stored counts
-- adds them.
create or replace function sluice.last_progress(of_export uuid) returns jsonb
    language sql stable
as $$
    select p || jsonb_build_object(
        'chunksRunning', 0, 'runningRows', 0, 'runningBytes', 0, 'current', '[]'::jsonb)
    from sluice.progress(of_export) p
$$;
