-- The two roles of Sluice, as `sluice admin migrate` makes them, for those who give Sluice no owner's URL; run it with
-- psql 15 or newer as a role that may create roles, on the database of the store after its migrations (`sluice admin migrate`
-- prints those), and on the source where that is another database. PostgreSQL must be 14 or newer.
--
--   export SLUICE_SOURCE_PASSWORD=... SLUICE_STORE_PASSWORD=... PGPASSWORD=...
--   psql postgres://OWNER@HOST/DATABASE -v budget=4 -v store_sessions=16 -v pooler=none -v worker_timeout=900 -v iam=false \
--        -f infra/roles.sql
--
-- Passwords come from the environment, because every user of a machine can read the arguments of its processes. Where the
-- deployment made the passwords, they are in the secrets of its outputs SourceSecretArn and StoreSecretArn (infra/README.md has
-- the commands). With iam=true, no passwords are needed: both roles log in with IAM tokens only, on RDS and Aurora. Safe to
-- run again.
\set ON_ERROR_STOP on
do $$ begin
    if current_setting('server_version_num')::integer < 140000 then
        raise exception 'PostgreSQL % is too old: Sluice needs 14 or newer', current_setting('server_version');
    end if;
end $$;
\set worker_timeout_text :worker_timeout s
-- A role may have its budget of sessions, and behind RDS Proxy three times as many: each of its nodes keeps idle ones.
select :budget * case :'pooler' when 'proxy' then 3 else 1 end as source_limit,
       :store_sessions * case :'pooler' when 'proxy' then 3 else 1 end as store_limit,
       :'pooler' = 'none' as without_pooler \gset
-- Longer than a COPY and the waiting before it.
select (:worker_timeout + 120) || 's' as transaction_timeout_text,
       current_setting('transaction_timeout', true) is not null as has_transaction_timeout,
       current_setting('idle_session_timeout', true) is not null as has_idle_session_timeout \gset

select not exists (select from pg_roles where rolname = 'sluice_source') as make_source,
       not exists (select from pg_roles where rolname = 'sluice_store') as make_store \gset
\if :make_source
create role sluice_source;
\endif
\if :make_store
create role sluice_store;
\endif

-- --- limits: the database itself refuses the session too many (with RDS Proxy: only far too many) ---------------------

alter role sluice_source login connection limit :source_limit;
alter role sluice_store login connection limit :store_limit;

-- --- who may log in --------------------------------------------------------------------------------------------------

\if :iam
-- A role with rds_iam logs in by token; an earlier password is removed, so that there is one way only.
alter role sluice_source password null;
alter role sluice_store password null;
grant rds_iam to sluice_source;
grant rds_iam to sluice_store;
\else
do $$ begin
    if exists (select from pg_auth_members m join pg_roles g on g.oid = m.roleid where g.rolname = 'rds_iam'
               and m.member in (select oid from pg_roles where rolname in ('sluice_source', 'sluice_store'))) then
        revoke rds_iam from sluice_source, sluice_store;
    end if;
end $$;
\getenv source_password SLUICE_SOURCE_PASSWORD
\getenv store_password SLUICE_STORE_PASSWORD
\if :{?source_password}
\else
do $$ begin raise exception 'set SLUICE_SOURCE_PASSWORD in the environment'; end $$;
\endif
\if :{?store_password}
\else
do $$ begin raise exception 'set SLUICE_STORE_PASSWORD in the environment'; end $$;
\endif
-- A server that logs such statements (log_statement = ddl) would log the passwords.
do $$ begin
    set log_statement = 'none';
exception when insufficient_privilege then
    if current_setting('log_statement') <> 'none' then
        raise warning 'this role may not set log_statement: the server logs the passwords of both roles, so change them by `sluice admin migrate`';
    end if;
end $$;
alter role sluice_source password :'source_password';
alter role sluice_store password :'store_password';
\endif

-- --- settings: on the role, since a pooler would leak or pin what a session sets ---------------------------------------

alter role sluice_source set default_transaction_read_only = 'on';
alter role sluice_source set lock_timeout = '5s';
alter role sluice_source set max_parallel_workers_per_gather = '0';
alter role sluice_source set client_connection_check_interval = '2s';
alter role sluice_source set row_security = 'off';
alter role sluice_source set timezone = 'UTC';
alter role sluice_source set datestyle = 'ISO';
alter role sluice_source set intervalstyle = 'postgres';
alter role sluice_source set bytea_output = 'hex';
alter role sluice_source set extra_float_digits = '1';
alter role sluice_source set search_path = 'pg_catalog';
-- Warnings of a view or function may hold values of rows.
alter role sluice_source set client_min_messages = 'error';
-- Statements that fail, with the values of filters, stay out of the server's log if the role that runs this may set it.
do $$ begin
    alter role sluice_source set log_min_error_statement to panic;
exception when insufficient_privilege then
    raise warning 'this role may not set log_min_error_statement: the server logs statements that fail, with the values of filters';
end $$;
-- A COPY must not outlive its worker.
alter role sluice_source set statement_timeout = :'worker_timeout_text';
-- Timeouts of their own: what the server sets for others would end sessions that are in use, or that a pooler keeps.
alter role sluice_source set idle_in_transaction_session_timeout = '2min';
\if :has_transaction_timeout
alter role sluice_source set transaction_timeout = :'transaction_timeout_text';
alter role sluice_store set transaction_timeout = '5min';
\endif
\if :has_idle_session_timeout
alter role sluice_source set idle_session_timeout = '0';
alter role sluice_store set idle_session_timeout = '0';
\if :without_pooler
-- Each invocation closes its session; this ends the session of one that was killed before.
alter role sluice_store set idle_session_timeout = '60s';
\endif
\endif
-- The session of a host that vanished ends after a minute and a half, not after two hours.
alter role sluice_source set tcp_keepalives_idle = '60';
alter role sluice_source set tcp_keepalives_interval = '10';
alter role sluice_source set tcp_keepalives_count = '3';
alter role sluice_store set tcp_keepalives_idle = '60';
alter role sluice_store set tcp_keepalives_interval = '10';
alter role sluice_store set tcp_keepalives_count = '3';

alter role sluice_store set max_parallel_workers_per_gather = '0';
alter role sluice_store set statement_timeout = '30s';
alter role sluice_store set lock_timeout = '10s';
alter role sluice_store set idle_in_transaction_session_timeout = '30s';
alter role sluice_store set timezone = 'UTC';

-- --- rights ----------------------------------------------------------------------------------------------------------

grant usage on schema sluice to sluice_store;
grant select, insert, update, delete on all tables in schema sluice to sluice_store;
grant execute on all functions in schema sluice to sluice_store;

-- Workers query which transactions are open, since rows of those may still appear: what was read while they were open does not
-- count as settled. With MaxActiveSessions above 0 they also count the sessions of others that are active. Both need this right,
-- with which a role sees the statements of others too. Without it settle_after must be longer than any transaction that writes.
do $$ begin
    grant pg_read_all_stats to sluice_source;
exception when insufficient_privilege then
    raise warning 'this role may not grant pg_read_all_stats: open transactions are not seen, and MaxActiveSessions has no effect';
end $$;

-- What may be exported is yours to say; for each schema of it:
--   grant usage on schema shop to sluice_source;
--   grant select on all tables in schema shop to sluice_source;
--   alter default privileges for role OWNER_OF_THE_TABLES in schema shop grant select on tables to sluice_source;
