-- Settings that statements of the store need; `admin migrate` writes them from its parameters.

-- How long a worker that lost its lease may still write: one timeout of its function.
create or replace function sluice.worker_timeout() returns interval
    language sql stable
as $$
    select coalesce((select value from sluice.setting where name = 'worker_timeout_secs'), '900')::integer * interval '1 second'
$$;

-- How long the files of an export are kept, from its end.
create or replace function sluice.retention() returns interval
    language sql stable
as $$
    select coalesce((select value from sluice.setting where name = 'retention_hours'), '168')::integer * interval '1 hour'
$$;

-- How long a settled chunk is kept after its last use.
create or replace function sluice.reuse_for() returns interval
    language sql stable
as $$
    select coalesce((select value from sluice.setting where name = 'reuse_days'), '7')::integer * interval '1 day'
$$;
