-- How far an export is, counted over its links. Chunks it lacks for good count as failed.
create or replace function sluice.progress(of_export uuid) returns jsonb
    language sql stable
as $$
    select jsonb_build_object(
        'chunksTotal', count(*) + (select count(*) from sluice.missing m where m.export_id = of_export),
        'chunksDone', count(*) filter (where c.state = 'done'),
        'chunksFailed', count(*) filter (where c.state = 'failed') + (select count(*) from sluice.missing m where m.export_id = of_export),
        'chunksReused', count(*) filter (where l.reused),
        'chunksRunning', count(*) filter (where c.state = 'running'),
        'rows', coalesce(sum(c.rows) filter (where c.state = 'done'), 0),
        'bytes', coalesce(sum(c.bytes) filter (where c.state = 'done'), 0),
        'oldestMicros', min(sluice.micros(c.as_of)) filter (where c.state = 'done'),
        'weightTotal', coalesce(sum(l.weight), 0),
        'weightDone', coalesce(sum(l.weight) filter (where not l.open), 0),
        'runningRows', coalesce(sum(c.planned_rows) filter (where c.state = 'running'), 0),
        'runningBytes', coalesce(sum(c.planned_bytes) filter (where c.state = 'running'), 0),
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
        'chunksFailed', (p ->> 'chunksFailed')::bigint - (select count(*) from sluice.missing m where m.export_id = of_export),
        'chunksRunning', 0, 'runningRows', 0, 'runningBytes', 0, 'current', '[]'::jsonb)
    from sluice.progress(of_export) p
$$;
