-- Whether a selection reads no tenant's own rows.
create or replace function sluice.is_shared(of_fingerprint bytea) returns boolean
    language sql stable
as $$
    select s.shared from sluice.selection s where s.fingerprint = of_fingerprint
$$;

-- How far an export is, counted over its links. Chunks that are missing for good count in its total; that they count as
-- failed too is added where it is read (view/export.sql), and only there: some counts are kept before a chunk is missing.
create or replace function sluice.progress(of_export uuid) returns jsonb
    language sql stable
as $$
    select jsonb_build_object(
        'chunksTotal', count(*) + (select count(*) from sluice.missing m where m.export_id = of_export),
        'chunksDone', count(*) filter (where c.state = 'done'),
        'chunksFailed', count(*) filter (where c.state = 'failed'),
        'chunksReused', count(*) filter (where l.reused),
        'chunksRunning', count(*) filter (where c.state = 'running'),
        'rows', coalesce(sum(c.rows) filter (where c.state = 'done'), 0),
        'bytes', coalesce(sum(c.bytes) filter (where c.state = 'done'), 0),
        'oldestMicros', min(sluice.micros(c.as_of)) filter (where c.state = 'done'),
        'weightTotal', coalesce(sum(l.weight), 0),
        'weightDone', coalesce(sum(l.weight) filter (where not l.open), 0),
        -- Without datasets that have a tenant column: they are planned by what all tenants have.
        'runningRows', coalesce(sum(case when c.state = 'running' and sluice.is_shared(c.fingerprint) then c.planned_rows end), 0),
        'runningBytes', coalesce(sum(case when c.state = 'running' and sluice.is_shared(c.fingerprint) then c.planned_bytes end), 0),
        'current', coalesce(jsonb_agg(distinct c.dataset) filter (where c.state = 'running'), '[]'))
    from sluice.link l join sluice.chunk c on c.id = l.chunk_id
    where l.export_id = of_export
$$;

-- The same, as it is kept once an export has ended: counted once, and nothing runs any more. What it lacks for good is not
-- among the failed here, since more may come to be lacking: whoever reads what is kept adds it.
create or replace function sluice.last_progress(of_export uuid) returns jsonb
    language sql stable
as $$
    select p || jsonb_build_object(
        'chunksRunning', 0, 'runningRows', 0, 'runningBytes', 0, 'current', '[]'::jsonb)
    from sluice.progress(of_export) p
$$;
