-- Daily use of a tenant, and its limits.

-- The day by which use is counted.
create or replace function sluice.today() returns date
    language sql volatile
as $$
    select (clock_timestamp() at time zone 'UTC')::date
$$;

-- used_today(): what counts against the limits of the day. One row. Rows and bytes count from when an export is accepted,
-- by its estimate, so that a burst of requests cannot pass before the first is read; what was read counts if it is more.
create or replace function sluice.used_today(of_tenant text, out rows_used bigint, out bytes_used bigint, out ms_used bigint)
    language sql volatile
as $$
    select coalesce(greatest(sum(u.rows), sum(u.planned_rows)), 0)::bigint,
           coalesce(greatest(sum(u.source_bytes), sum(u.planned_bytes)), 0)::bigint,
           coalesce(sum(u.database_ms), 0)::bigint
    from sluice.daily_use u
    where u.tenant = of_tenant and u.day = sluice.today()
$$;

-- daily_limits(): the limits per day that are set, each with what counts against it.
create or replace function sluice.daily_limits(of_tenant text) returns table (parameter text, maximum bigint, used bigint)
    language sql volatile
as $$
    -- Every accept asks, so the use is read only if there is a limit.
    select l.parameter, l.maximum, l.used
    from (
        select sluice.max_rows_per_day() as rows, sluice.max_megabytes_per_day() as megabytes,
               sluice.max_database_seconds_per_day() as seconds
        offset 0
    ) m,
         lateral (select * from sluice.used_today(of_tenant) where greatest(m.rows, m.megabytes, m.seconds) > 0) u,
         lateral (values
             ('MaxRowsPerDay', m.rows, u.rows_used),
             ('MaxMegabytesPerDay', m.megabytes, u.bytes_used / 1048576),
             ('MaxDatabaseSecondsPerDay', m.seconds, u.ms_used / 1000)
         ) as l (parameter, maximum, used)
    where l.maximum > 0
$$;
