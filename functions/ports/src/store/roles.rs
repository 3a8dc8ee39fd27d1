//! The two roles: the database itself enforces the budgets.

mod scram;

use crate::random;
use crate::source::sql::{identifier as quote_identifier, literal as quote_literal};

/// What statements of the store need to know of the deployment. `migrate` writes it down, `check` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredSettings {
    /// Sessions of the source role: B.
    pub budget: u32,
    /// Sessions of the store role: S.
    pub store_sessions: u32,
    /// Seconds a worker runs at most; its COPY must not outlive it.
    pub worker_timeout_secs: u32,
    /// Hours the files of an export are kept.
    pub retention_hours: u32,
    /// Days a settled chunk is kept after its last use.
    pub reuse_days: u32,
    /// Seconds after which a message is sent again whose chunk was not leased.
    pub resend_secs: u32,
    /// Exports of one tenant that may be active at once.
    pub max_active_exports: u32,
    /// Exports of one tenant that may be queued beside them.
    pub max_queued_exports: u32,
    /// Exports that one tenant may keep, live or ended.
    pub max_kept_exports: u32,
    /// Chunks that they may have.
    pub max_kept_chunks: u32,
    /// Megabytes that their requests may take.
    pub max_kept_request_megabytes: u32,
}

impl StoredSettings {
    /// Names and values, as `sluice.setting` holds them.
    pub fn rows(&self) -> [(&'static str, u32); 11] {
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
        ]
    }
}

/// How a role logs in.
#[derive(Clone, PartialEq, Eq)]
pub enum RolePassword {
    /// With this password. The server is told only what it keeps of it, unless it has other characters than printable ASCII.
    Known(String),
    /// With one that whoever runs the statements fills in.
    ToFillIn,
    /// With tokens of IAM; it has none.
    Tokens,
}

impl RolePassword {
    /// What stands in `alter role … password`.
    fn sql(&self, role: &str) -> String {
        match self {
            Self::Known(password) => {
                let verifier = scram::verifier(password, random::bytes());
                quote_literal(verifier.as_deref().unwrap_or(password))
            }
            Self::ToFillIn => quote_literal(&format!("<password of {role}>")),
            Self::Tokens => "null".to_owned(),
        }
    }
}

/// What the roles are made by.
#[derive(Clone)]
pub struct RoleSettings {
    /// Role that reads the source.
    pub source: (String, RolePassword),
    /// Role that keeps the store.
    pub store: (String, RolePassword),
    /// Limits and times.
    pub stored: StoredSettings,
}

/// Settings of the source role. They protect the database, and they decide the bytes of `::text`. They
/// are set on the role, since a pooler would leak or pin what a session sets.
const SOURCE_SETTINGS: [(&str, &str); 13] = [
    ("default_transaction_read_only", "on"),
    ("lock_timeout", "5s"),
    ("max_parallel_workers_per_gather", "0"),
    // A worker that notes in the store what it is about to read waits for seconds at most; whatever the server's own says.
    ("idle_in_transaction_session_timeout", "2min"),
    // Without it the COPY of a killed client goes on.
    ("client_connection_check_interval", "2s"),
    // A policy that would hide rows is an error instead.
    ("row_security", "off"),
    ("timezone", "UTC"),
    ("datestyle", "ISO"),
    ("intervalstyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("search_path", "pg_catalog"),
    // Warnings of a view or function may hold values of rows.
    ("client_min_messages", "error"),
];

/// Settings that the source role must have, with their values; `statement_timeout` comes beside them.
pub fn source_settings() -> &'static [(&'static str, &'static str)] {
    &SOURCE_SETTINGS
}

const STORE_SETTINGS: [(&str, &str); 5] = [
    // Its statements are short or may wait; the processors are the user's.
    ("max_parallel_workers_per_gather", "0"),
    ("statement_timeout", "30s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("timezone", "UTC"),
];

/// Seconds of `idle_in_transaction_session_timeout` of the source role.
const IDLE_IN_TRANSACTION_SECS: u32 = 120;

/// Settings that newer servers know: PostgreSQL 17 brought `transaction_timeout`, 14 `idle_session_timeout`. Sessions that a
/// pooler or a warm environment keeps are idle, and are not the server's to end.
const SOURCE_SETTINGS_IF_KNOWN: [(&str, &str); 1] = [("idle_session_timeout", "0")];
const STORE_SETTINGS_IF_KNOWN: [(&str, &str); 2] =
    [("transaction_timeout", "5min"), ("idle_session_timeout", "0")];

/// Sets what the server knows.
fn set_if_known(role: &str, name: &str, value: &str) -> String {
    let (known, value) = (quote_literal(name), quote_literal(value));
    format!(
        "do $do$ begin if current_setting({known}, true) is not null then alter role {role} set {name} = {value}; end if; end $do$"
    )
}

/// Lets a role log in with tokens. Where the server knows no tokens the role is one that nobody can log in as.
fn tokens(role: &str) -> String {
    format!(
        "do $do$ begin if exists (select from pg_roles where rolname = 'rds_iam') then grant rds_iam to {role}; else \
         raise warning 'there is no role rds_iam: switch IAM authentication on at the database'; end if; end $do$"
    )
}

/// Lets a role log in with its password again: whoever has rds_iam cannot.
fn no_tokens(role: &str, name: &str) -> String {
    format!(
        "do $do$ begin if exists (select from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member \
         where g.rolname = 'rds_iam' and r.rolname = {name}) then revoke rds_iam from {role}; end if; end $do$"
    )
}

/// Keeps statements of the source role that fail, and with them the values of filters, out of the server's log. The parameter
/// is a superuser's, or of who was granted it.
fn unlogged(role: &str) -> String {
    format!(
        "do $do$ begin alter role {role} set log_min_error_statement = 'panic'; exception when insufficient_privilege then \
         raise warning 'the owner may not set log_min_error_statement: the server logs statements that fail, with the values of filters'; end $do$"
    )
}

/// The statements that make or correct roles, grants and settings; safe to run again.
pub fn role_statements(settings: &RoleSettings) -> Vec<String> {
    let mut statements = Vec::new();
    let (source, store) = (quote_identifier(&settings.source.0), quote_identifier(&settings.store.0));
    for ((role, password), limit) in
        [(&settings.source, settings.stored.budget), (&settings.store, settings.stored.store_sessions)]
    {
        let name = quote_literal(role);
        let word = password.sql(role);
        let role = quote_identifier(role);
        statements.push(format!(
            "do $do$ begin if not exists (select from pg_roles where rolname = {name}) then create role {role}; end if; end $do$"
        ));
        // No attribute is taken away: a new role has none, and managed services let nobody name them.
        statements.push(format!("alter role {role} login connection limit {limit} password {word}"));
        let log_in = if *password == RolePassword::Tokens { tokens(&role) } else { no_tokens(&role, &name) };
        statements.push(log_in);
    }
    let set = |role: &str, name: &str, value: &str| {
        format!("alter role {role} set {name} = {}", quote_literal(value))
    };
    statements.extend(SOURCE_SETTINGS.iter().map(|(name, value)| set(&source, name, value)));
    statements.push(unlogged(&source));
    statements.push(set(&source, "statement_timeout", &format!("{}s", settings.stored.worker_timeout_secs)));
    // Longer than a COPY and the waiting before it: what the server sets for others would end sessions that are in use.
    let transaction_secs = settings.stored.worker_timeout_secs.saturating_add(IDLE_IN_TRANSACTION_SECS);
    statements.push(set_if_known(&source, "transaction_timeout", &format!("{transaction_secs}s")));
    statements
        .extend(SOURCE_SETTINGS_IF_KNOWN.iter().map(|(name, value)| set_if_known(&source, name, value)));
    statements.extend(STORE_SETTINGS_IF_KNOWN.iter().map(|(name, value)| set_if_known(&store, name, value)));
    statements.extend(STORE_SETTINGS.iter().map(|(name, value)| set(&store, name, value)));
    // What of a dataset is settled depends on the oldest open transaction, and a load limit on active sessions.
    statements.push(format!(
        "do $do$ begin grant pg_read_all_stats to {source}; exception when insufficient_privilege then \
         raise warning 'the owner may not grant pg_read_all_stats: until a role that may does, open transactions are not seen \
         (settle_after must be longer than any), and MaxActiveSessions has no effect'; end $do$"
    ));
    statements.push(format!("grant usage on schema sluice to {store}"));
    statements
        .push(format!("grant select, insert, update, delete on all tables in schema sluice to {store}"));
    statements.push(format!("grant execute on all functions in schema sluice to {store}"));
    let rows: Vec<_> =
        settings.stored.rows().iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    statements.push(format!("insert into sluice.setting (name, value) values {} on conflict (name) do update set value = excluded.value", rows.join(", ")));
    statements
}
