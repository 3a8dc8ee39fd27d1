//! The two roles, by which the database itself enforces the budgets.

mod scram;

use ports::postgres::pooler::Pooler;
use ports::postgres::quote::{identifier as quote_identifier, literal as quote_literal};
use ports::random;

/// Settings of the deployment that statements of the store need. `migrate` stores them, `check` compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredSettings {
    /// Session limit of the source role: B.
    pub budget: u32,
    /// Session limit of the store role: S.
    pub store_sessions: u32,
    /// Maximum run time of a worker in seconds; its COPY must not outlive it.
    pub worker_timeout_secs: u32,
    /// Hours for which the files of an export are kept.
    pub retention_hours: u32,
    /// Days for which a settled chunk is kept after its last use.
    pub reuse_days: u32,
    /// Seconds after which a message is sent again if its chunk was not leased.
    pub resend_secs: u32,
    /// Maximum number of active exports of one tenant.
    pub max_active_exports: u32,
    /// Maximum number of queued exports of one tenant, in addition to the active ones.
    pub max_queued_exports: u32,
    /// Maximum number of exports one tenant may keep, live or ended.
    pub max_kept_exports: u32,
    /// Maximum number of chunks of these exports.
    pub max_kept_chunks: u32,
    /// Maximum size of their requests in megabytes.
    pub max_kept_request_megabytes: u32,
    /// Maximum number of chunks per minute of the exports that are accepted of one tenant; 0 means no limit.
    pub max_chunks_per_minute: u32,
    /// Maximum number of rows that may be read for one tenant per day (UTC); 0 means no limit.
    pub max_rows_per_day: u32,
    /// Maximum size of these rows in megabytes; 0 means no limit.
    pub max_megabytes_per_day: u32,
    /// Maximum number of seconds that the source may read for one tenant per day (UTC); 0 means no limit.
    pub max_database_seconds_per_day: u32,
    /// Maximum number of minutes for which one snapshot of the source may be held.
    pub max_cut_minutes: u32,
}

impl StoredSettings {
    /// Returns names and values, as stored in `sluice.setting`.
    pub fn rows(&self) -> [(&'static str, u32); 16] {
        [
            ("budget", self.budget),
            ("store_sessions", self.store_sessions),
            ("worker_timeout_secs", self.worker_timeout_secs),
            ("retention_hours", self.retention_hours),
            ("reuse_days", self.reuse_days),
            ("resend_secs", self.resend_secs),
            ("max_active_exports", self.max_active_exports),
            ("max_queued_exports", self.max_queued_exports),
            ("max_kept_exports", self.max_kept_exports),
            ("max_kept_chunks", self.max_kept_chunks),
            ("max_kept_request_megabytes", self.max_kept_request_megabytes),
            ("max_chunks_per_minute", self.max_chunks_per_minute),
            ("max_rows_per_day", self.max_rows_per_day),
            ("max_megabytes_per_day", self.max_megabytes_per_day),
            ("max_database_seconds_per_day", self.max_database_seconds_per_day),
            ("max_cut_minutes", self.max_cut_minutes),
        ]
    }
}

/// Login method of a role.
#[derive(Clone, PartialEq, Eq)]
pub enum RolePassword {
    /// This password. The server receives only a verifier of it, unless it contains characters other than printable
    /// ASCII.
    Known(String),
    /// A password to be filled in by the person who runs the statements.
    ToFillIn,
    /// IAM tokens; the role has no password.
    Tokens,
}

impl RolePassword {
    /// Returns the password expression for `alter role … password`.
    fn sql(&self, role: &str) -> String {
        match self {
            Self::Known(password) => {
                let verifier = scram::verifier(password, random::bytes());
                quote_literal(verifier.as_deref().unwrap_or(password))
            }
            Self::ToFillIn => quote_literal(&format!("PASSWORD_OF_{}", role.to_uppercase())),
            Self::Tokens => "null".to_owned(),
        }
    }
}

/// Parameters of the roles.
#[derive(Clone)]
pub struct RoleSettings {
    /// Role that reads the source.
    pub source: (String, RolePassword),
    /// Role that uses the store.
    pub store: (String, RolePassword),
    /// Pooler of both roles.
    pub pooler: Pooler,
    /// Limits and times.
    pub stored: StoredSettings,
}

/// Settings of the source role. They protect the database, and they determine the bytes of `::text`. They are set on
/// the role because a pooler would leak or pin settings of a session.
const SOURCE_SETTINGS: [(&str, &str); 13] = [
    ("default_transaction_read_only", "on"),
    ("lock_timeout", "5s"),
    ("max_parallel_workers_per_gather", "0"),
    // A worker is idle in its transaction for seconds at most, while it records its read in the store. This
    // replaces the server's own setting.
    ("idle_in_transaction_session_timeout", "2min"),
    // Without it the COPY of a killed client continues.
    ("client_connection_check_interval", "2s"),
    // A policy that would hide rows causes an error instead.
    ("row_security", "off"),
    ("timezone", "UTC"),
    ("datestyle", "ISO"),
    ("intervalstyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("search_path", "pg_catalog"),
    // Warnings of a view or function may contain values of rows.
    ("client_min_messages", "error"),
];

/// Returns the settings that the source role must have, with their values; `statement_timeout` is set in addition.
pub fn source_settings() -> &'static [(&'static str, &'static str)] {
    &SOURCE_SETTINGS
}

const STORE_SETTINGS: [(&str, &str); 5] = [
    // Its statements are short or may wait; the processors belong to the user.
    ("max_parallel_workers_per_gather", "0"),
    ("statement_timeout", "30s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("timezone", "UTC"),
];

/// Seconds of `idle_in_transaction_session_timeout` of the source role.
const IDLE_IN_TRANSACTION_SECS: u32 = 120;

/// Settings that not every server knows or shows: PostgreSQL 17 added `transaction_timeout`, and a session over a
/// Unix socket has no keepalives. Sessions kept by a pooler are idle, and the server must not end them. With the
/// keepalives it ends the session of a host that vanished after a minute and a half, and not after two hours.
const SOURCE_SETTINGS_IF_KNOWN: [(&str, &str); 4] = [
    ("idle_session_timeout", "0"),
    ("tcp_keepalives_idle", "60"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
];
const STORE_SETTINGS_IF_KNOWN: [(&str, &str); 5] = [
    ("transaction_timeout", "5min"),
    ("idle_session_timeout", "0"),
    ("tcp_keepalives_idle", "60"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
];

/// Settings of the store role without a pooler, after the others. Each invocation closes its session; this ends the
/// session of an environment that was killed before.
const STORE_SETTINGS_WITHOUT_POOLER: [(&str, &str); 1] = [("idle_session_timeout", "60s")];

/// Returns the statement that sets a parameter if the server knows it.
fn set_if_known(role: &str, name: &str, value: &str) -> String {
    let (known, value) = (quote_literal(name), quote_literal(value));
    format!(
        "do $do$ begin if current_setting({known}, true) is not null then alter role {role} set {name} = {value}; end if; end $do$"
    )
}

/// Returns the statement that allows a role to log in with tokens. If the server does not support tokens, no login as
/// this role is possible.
fn tokens(role: &str) -> String {
    format!(
        "do $do$ begin if exists (select from pg_roles where rolname = 'rds_iam') then grant rds_iam to {role}; else \
         raise warning 'there is no role rds_iam: switch IAM authentication on at the database'; end if; end $do$"
    )
}

/// Returns the statement that allows a role to log in with its password again: a role that has rds_iam cannot.
fn no_tokens(role: &str, name: &str) -> String {
    format!(
        "do $do$ begin if exists (select from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member \
         where g.rolname = 'rds_iam' and r.rolname = {name}) then revoke rds_iam from {role}; end if; end $do$"
    )
}

/// Returns the statement that keeps failing statements of the source role, and with them the values of filters, out
/// of the server's log. Only a superuser, or a role granted the right, may set this parameter.
fn unlogged(role: &str) -> String {
    format!(
        "do $do$ begin alter role {role} set log_min_error_statement = 'panic'; exception when insufficient_privilege then \
         raise warning 'the owner may not set log_min_error_statement: the server logs statements that fail, with the values of filters'; end $do$"
    )
}

/// Role that a statement concerns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Source,
    Store,
}

/// Returns the statements that create or correct roles, grants and settings. They are safe to run again.
pub fn role_statements(settings: &RoleSettings) -> Vec<String> {
    statements(settings).into_iter().map(|(_, statement)| statement).collect()
}

/// Returns those of the source role alone, for a source on another server than the store.
pub fn source_role_statements(settings: &RoleSettings) -> Vec<String> {
    let of_source = statements(settings).into_iter().filter(|(of, _)| *of == Of::Source);
    of_source.map(|(_, statement)| statement).collect()
}

fn statements(settings: &RoleSettings) -> Vec<(Of, String)> {
    let mut statements = Vec::new();
    let (source, store) = (quote_identifier(&settings.source.0), quote_identifier(&settings.store.0));
    let limit = |sessions| settings.pooler.role_limit(sessions);
    for (of, (role, password), limit) in [
        (Of::Source, &settings.source, limit(settings.stored.budget)),
        (Of::Store, &settings.store, limit(settings.stored.store_sessions)),
    ] {
        let name = quote_literal(role);
        let word = password.sql(role);
        let role = quote_identifier(role);
        let create = format!(
            "do $do$ begin if not exists (select from pg_roles where rolname = {name}) then create role {role}; end if; end $do$"
        );
        // No attribute is removed: a new role has none, and managed services do not allow naming them.
        let limited = format!("alter role {role} login connection limit {limit} password {word}");
        let log_in = if *password == RolePassword::Tokens { tokens(&role) } else { no_tokens(&role, &name) };
        statements.extend([create, limited, log_in].map(|statement| (of, statement)));
    }
    let set = |role: &str, name: &str, value: &str| {
        format!("alter role {role} set {name} = {}", quote_literal(value))
    };
    let (of_source, of_store) =
        (|statement: String| (Of::Source, statement), |statement: String| (Of::Store, statement));
    statements.extend(SOURCE_SETTINGS.iter().map(|(name, value)| set(&source, name, value)).map(of_source));
    statements.push(of_source(unlogged(&source)));
    let timeout = format!("{}s", settings.stored.worker_timeout_secs);
    statements.push(of_source(set(&source, "statement_timeout", &timeout)));
    // Longer than a COPY and the wait before it: a server-wide limit set for other roles would end sessions in use.
    let transaction_secs = settings.stored.worker_timeout_secs.saturating_add(IDLE_IN_TRANSACTION_SECS);
    statements.push(of_source(set_if_known(&source, "transaction_timeout", &format!("{transaction_secs}s"))));
    let if_known = |role: &str, settings: &[(&str, &str)]| -> Vec<String> {
        settings.iter().map(|(name, value)| set_if_known(role, name, value)).collect()
    };
    statements.extend(if_known(&source, &SOURCE_SETTINGS_IF_KNOWN).into_iter().map(of_source));
    statements.extend(if_known(&store, &STORE_SETTINGS_IF_KNOWN).into_iter().map(of_store));
    if settings.pooler == Pooler::None {
        statements.extend(if_known(&store, &STORE_SETTINGS_WITHOUT_POOLER).into_iter().map(of_store));
    }
    statements.extend(STORE_SETTINGS.iter().map(|(name, value)| set(&store, name, value)).map(of_store));
    // The settled rows of a dataset are determined by the oldest open transaction, and a load limit by active
    // sessions.
    statements.push(of_source(format!(
        "do $do$ begin grant pg_read_all_stats to {source}; exception when insufficient_privilege then \
         raise warning 'the owner may not grant pg_read_all_stats: until a role that may does, open transactions are not seen \
         (settle_after must be longer than any), and MaxActiveSessions has no effect'; end $do$"
    )));
    let rows: Vec<_> =
        settings.stored.rows().iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    let of_schema = [
        format!("grant usage on schema sluice to {store}"),
        format!("grant select, insert, update, delete on all tables in schema sluice to {store}"),
        format!("grant execute on all functions in schema sluice to {store}"),
        format!(
            "insert into sluice.setting (name, value) values {} on conflict (name) do update set value = excluded.value",
            rows.join(", ")
        ),
    ];
    statements.extend(of_schema.map(of_store));
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_the_source_role_concern_no_store() {
        let role = |name: &str| (name.to_owned(), RolePassword::ToFillIn);
        let stored = StoredSettings {
            budget: 3,
            store_sessions: 5,
            worker_timeout_secs: 60,
            retention_hours: 1,
            reuse_days: 1,
            resend_secs: 1,
            max_active_exports: 1,
            max_queued_exports: 1,
            max_kept_exports: 1,
            max_kept_chunks: 1,
            max_kept_request_megabytes: 1,
            max_chunks_per_minute: 1,
            max_rows_per_day: 1,
            max_megabytes_per_day: 1,
            max_database_seconds_per_day: 1,
            max_cut_minutes: 1,
        };
        let settings =
            RoleSettings { source: role("reader"), store: role("writer"), pooler: Pooler::Own, stored };
        let (all, source) = (role_statements(&settings), source_role_statements(&settings));
        assert!(source.iter().all(|one| one.contains("reader") && !one.contains("sluice")), "{source:?}");
        let rest: Vec<_> = all.iter().filter(|one| !source.contains(one)).collect();
        assert!(rest.iter().all(|one| !one.contains("reader")), "{rest:?}");
    }
}
