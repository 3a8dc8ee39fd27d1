-- Settings that statements of the store need; `admin migrate` writes them from its parameters.

-- Number that a setting has, or another one if it is not set.
create or replace function sluice.setting_or(of_name text, otherwise bigint) returns bigint
    language sql stable
as $$
    select coalesce((select value::bigint from sluice.setting where name = of_name), otherwise)
$$;

-- Time for which a worker that lost its lease may still write: one timeout of its function.
create or replace function sluice.worker_timeout() returns interval
    language sql stable
as $$
    select sluice.setting_or('worker_timeout_secs', 900) * interval '1 second'
$$;

-- Time for which the files of an export are kept, from its end.
create or replace function sluice.retention() returns interval
    language sql stable
as $$
    select sluice.setting_or('retention_hours', 168) * interval '1 hour'
$$;

-- Time for which a settled chunk is kept after its last use.
create or replace function sluice.reuse_for() returns interval
    language sql stable
as $$
    select sluice.setting_or('reuse_days', 7) * interval '1 day'
$$;

-- True if rows that were read before are checked before they are read again: always, unless the operator has set
-- `checks` to `off`.
create or replace function sluice.are_checked() returns boolean
    language sql stable
as $$
    select not exists (select from sluice.setting where name = 'checks' and value = 'off')
$$;

-- Time after which a message is sent again if no worker leased its chunk; doubling.
create or replace function sluice.resend_after() returns interval
    language sql stable
as $$
    select sluice.setting_or('resend_secs', 60) * interval '1 second'
$$;

-- Maximum number of active exports of one tenant; further ones are queued.
create or replace function sluice.max_active() returns bigint
    language sql stable
as $$
    select sluice.setting_or('max_active_exports', 4)
$$;

-- Maximum number of queued exports of one tenant, in addition to the active ones; further ones are refused.
create or replace function sluice.max_queued() returns bigint
    language sql stable
as $$
    select sluice.setting_or('max_queued_exports', 1000)
$$;

-- True if a tenant has reached its limit of live exports. Its row is locked by the caller, so that no other accept
-- intervenes.
create or replace function sluice.is_full(of_tenant text) returns boolean
    language sql stable
as $$
    select count(*) >= sluice.max_active() + sluice.max_queued()
    from sluice.export e where e.tenant = of_tenant and e.status in ('queued', 'running')
$$;

-- Maximum number of exports a tenant may keep, live or ended; further ones are refused.
create or replace function sluice.max_kept_exports() returns bigint
    language sql stable
as $$
    select sluice.setting_or('max_kept_exports', 20000)
$$;

-- Maximum number of chunks of these exports.
create or replace function sluice.max_kept_chunks() returns bigint
    language sql stable
as $$
    select sluice.setting_or('max_kept_chunks', 5000000)
$$;

-- Maximum number of bytes of the requests of these exports.
create or replace function sluice.max_kept_bytes() returns bigint
    language sql stable
as $$
    select sluice.setting_or('max_kept_request_megabytes', 256) * 1048576
$$;

-- Maximum number of chunks per minute of the exports that are accepted of one tenant; 0 means no limit. An accept may
-- run ahead of it by one minute.
create or replace function sluice.max_chunks_per_minute() returns bigint
    language sql stable
as $$
    select sluice.setting_or('max_chunks_per_minute', 6000)
$$;

-- Maximum number of rows that one tenant may have read per day (UTC); 0 means no limit.
create or replace function sluice.max_rows_per_day() returns bigint
    language sql stable
as $$
    select sluice.setting_or('max_rows_per_day', 0)
$$;

-- Maximum size of these rows in the source's text form, in megabytes; 0 means no limit.
create or replace function sluice.max_megabytes_per_day() returns bigint
    language sql stable
as $$
    select sluice.setting_or('max_megabytes_per_day', 0)
$$;

-- Maximum number of seconds that the source may read for one tenant per day (UTC); 0 means no limit.
create or replace function sluice.max_database_seconds_per_day() returns bigint
    language sql stable
as $$
    select sluice.setting_or('max_database_seconds_per_day', 0)
$$;

-- Time in which a tenant pays for so many chunks at this limit.
create or replace function sluice.time_to_pay(chunks bigint) returns interval
    language sql stable
as $$
    select coalesce(chunks * interval '1 minute' / nullif(sluice.max_chunks_per_minute(), 0), interval '0')
$$;
