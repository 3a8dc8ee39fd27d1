-- Use by each tenant per day (UTC): for its daily limits, and for billing.
create table sluice.daily_use (
    tenant text not null,
    day date not null,
    -- Attempts of a tenant end in many workers at once. Each writes to one of eight rows, so that none waits for long.
    slot smallint not null,
    -- Exports that were accepted or retried, and the estimates of what they have to read.
    exports bigint not null default 0,
    planned_rows bigint not null default 0,
    planned_bytes bigint not null default 0,
    -- Chunks that were read, with their rows, bytes of the source and bytes of their files.
    chunks bigint not null default 0,
    rows bigint not null default 0,
    source_bytes bigint not null default 0,
    file_bytes bigint not null default 0,
    -- Time of reading, of all attempts.
    database_ms bigint not null default 0,
    primary key (tenant, day, slot)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 100);
create index daily_use_day on sluice.daily_use (day);

-- It returns further columns, and is created again with the other functions.
drop function if exists sluice.limits_of(text);
