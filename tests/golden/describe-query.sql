select pg_catalog.pg_is_in_recovery(),
       (extract(epoch from pg_catalog.now()) * 1000000)::pg_catalog.int8,
       (extract(epoch from case when pg_catalog.to_regproc('aurora_version') is null then pg_catalog.pg_last_xact_replay_timestamp() end) * 1000000)::pg_catalog.int8,
       (extract(epoch from case when pg_catalog.pg_is_in_recovery() or not pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage') then null
            when exists (select from pg_catalog.pg_stat_activity a where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid() and a.backend_type not in ('parallel worker', 'walsender', 'autovacuum worker') and a.state = 'disabled') then null
            else least(
                (select min(least(a.xact_start, case when a.state = 'active' and a.backend_type = 'client backend' then a.query_start end)) from pg_catalog.pg_stat_activity a where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid() and a.backend_type not in ('parallel worker', 'walsender', 'autovacuum worker')),
                (select min(p.prepared) - interval '1 day' from pg_catalog.pg_prepared_xacts p
                 where p.database = pg_catalog.current_database()),
                pg_catalog.now()) end) * 1000000)::pg_catalog.int8,
       pg_catalog.pg_typeof(q.c0)::pg_catalog.oid
from (values (1)) v
left join (
select q."weird ""name""" as c0
from (
select * from shop.invoice -- the books' "view"
) q
limit 0
) q on true
