-- Ends the idle sessions of these roles. The state of a session is null for a role that may not see it.
with old as materialized (
    select pid, state from pg_catalog.pg_stat_activity where usename = any ($1::text[])
), ended as materialized (
    select count(*) filter (where case when state = 'idle' then pg_catalog.pg_terminate_backend(pid) end) as n from old
)
select ended.n as ended, (select count(*) from old) - ended.n as remaining from ended
