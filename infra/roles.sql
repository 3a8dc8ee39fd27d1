-- The two roles of Sluice, as `sluice admin migrate` makes them, for those who give Sluice no owner's URL; run it with
-- psql as a role that may create roles, on the database of the store after its migrations (`sluice admin migrate` prints
-- those), and on the source where that is another database.
--
--   psql "$OWNER_URL" -v budget=4 -v store_sessions=4 -v worker_timeout=900 -v iam=false \
--        -v source_password=... -v store_password=... -f infra/roles.sql
--
-- Where the deployment made the passwords, they are in the secrets of its outputs SourceSecretArn and StoreSecretArn
-- (infra/README.md has the commands). With iam=true, no passwords are needed: both roles log in with IAM tokens only, on
-- RDS and Aurora. Safe to run again.
\set ON_ERROR_STOP on
\set worker_timeout_text :worker_timeout s
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

-- --- limits: the database itself refuses the session too many ---------------------------------------------------------

alter role sluice_source login connection limit :budget;
alter role sluice_store login connection limit :store_sessions;

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
\endif

alter role sluice_store set max_parallel_workers_per_gather = '0';
alter role sluice_store set statement_timeout = '30s';
alter role sluice_store set lock_timeout = '10s';
alter role sluice_store set idle_in_transaction_session_timeout = '30s';
alter role sluice_store set timezone = 'UTC';

-- --- rights ----------------------------------------------------------------------------------------------------------

grant usage on schema sluice to sluice_store;
grant select, insert, update, delete on all tables in schema sluice to sluice_store;
grant execute on all functions in schema sluice to sluice_store;

-- Workers ask which transactions are open, since rows of those may still appear: what was read beside them does not count as
-- settled. With MaxActiveSessions above 0 they also count the sessions of others that are active. Both need this right, with
-- which a role sees the statements of others too. Without it settle_after must be longer than any transaction that writes.
do $$ begin
    grant pg_read_all_stats to sluice_source;
exception when insufficient_privilege then
    raise warning 'this role may not grant pg_read_all_stats: open transactions are not seen, and MaxActiveSessions has no effect';
end $$;

-- What may be exported is yours to say; for each schema of it:
--   grant usage on schema shop to sluice_source;
--   grant select on all tables in schema shop to sluice_source;
--   alter default privileges for role OWNER_OF_THE_TABLES in schema shop grant select on tables to sluice_source;
