//! Errors of the source, classified in one place: by SQLSTATE, by whether the session ended, and by the component
//! that reports.
//!
//! No text of PostgreSQL is used: servers report in various languages, and their texts may quote values of a row.

use std::error::Error;

use ports::postgres::login::{LoginError, Refusal};
use sqlx::postgres::{PgDatabaseError, PgErrorPosition, PgSeverity};

use super::code::{SourceCode, remedy_of};
use super::pooler::said_by_pooler;
use super::sqlstate::look_up;

/// A failure of the source, with everything a retry and an operator need.
///
/// The message is written entirely by this crate: of the server's report only the SQLSTATE is repeated.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// Code of the failure.
    pub code: SourceCode,
    /// Description and remedy.
    pub message: String,
    /// The server's five-character code, if the server reported the failure.
    pub sqlstate: Option<String>,
    /// Position of the error in the statement, in characters from 1.
    position: Option<usize>,
    /// Function of the server that reported it: its name is the same in all languages.
    pub routine: Option<String>,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl From<LoginError> for SourceError {
    /// Converts a login that cannot be tried: no token can be signed, or the password cannot be read. What is missing
    /// may be there a little later.
    fn from(cause: LoginError) -> Self {
        let what = match cause {
            LoginError::Secret(_) | LoginError::NoPassword => "the password for the source could not be read",
            _ => "a login token for the source could not be created",
        };
        Self::new(SourceCode::Login, what).because(cause)
    }
}

impl Refusal for SourceError {
    fn is_refused_login(&self) -> bool {
        self.code == SourceCode::Login && self.sqlstate.is_some()
    }
}

impl SourceError {
    fn new(code: SourceCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), sqlstate: None, position: None, routine: None, cause: None }
    }

    fn plain(code: SourceCode) -> Self {
        Self::new(code, with(code.what(), code.remedy()))
    }

    fn because(self, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Box::new(cause)), ..self }
    }

    /// Returns the error for a column whose type is not the one the catalog was resolved with.
    pub(super) fn schema_changed(column: &str, expected: u32, found: u32) -> Self {
        Self::new(
            SourceCode::SchemaChanged,
            format!(
                "the type of column \"{column}\" changed after the catalog was applied (type OID {expected}, now {found}); run `sluice admin catalog apply`"
            ),
        )
    }

    /// Returns the error for a tenant column whose equal texts no longer have equal bytes.
    pub(super) fn collation_changed(column: &str) -> Self {
        let message = format!(
            "the collation of the tenant column \"{column}\" changed after the catalog was applied; run `sluice admin catalog apply`"
        );
        Self::new(SourceCode::SchemaChanged, message)
    }

    /// Turns a failure to read a filter's value as the filter's type into an error of that filter. The value is not
    /// repeated.
    pub(super) fn of_filter(self, column: &str) -> Self {
        let state = self.sqlstate.as_deref().unwrap_or_default();
        // Some types report a wrong value as a syntax error. A missing type or privilege is not the fault of the
        // value.
        let is_values = ["22", "23", "42", "P0"].iter().any(|class| state.starts_with(class));
        if !is_values || ["42501", "42704"].contains(&state) {
            return self;
        }
        let message = format!(
            "a value of the filter \"{column}\" is not valid for its type (SQLSTATE {state}); correct the filter"
        );
        Self { sqlstate: self.sqlstate.clone(), ..Self::new(SourceCode::FilterValue, message) }
    }

    /// Returns the error for a response that does not have the expected form.
    pub fn protocol(what: &str) -> Self {
        Self::new(SourceCode::Protocol, with(SourceCode::Protocol.what(), what))
    }

    /// Returns the error for a session whose thread is gone, which only a bug or the end of the process explains.
    pub(super) fn gone() -> Self {
        Self::plain(SourceCode::SessionLost)
    }

    /// Returns the error for a snapshot that cannot be imported, if the server itself reports that: the session that
    /// exported it has ended, or is a session of another server.
    pub(super) fn of_import(self) -> Self {
        let state = self.sqlstate.as_deref().unwrap_or_default();
        // A missing file of the snapshot, an invalid identifier, and a process that does not run any more.
        if !["22", "42", "55"].iter().any(|class| state.starts_with(class)) {
            return self;
        }
        let message = format!("{} (SQLSTATE {state})", SourceCode::SnapshotGone.what());
        Self { message, code: SourceCode::SnapshotGone, ..self }
    }

    /// Returns the failure that a test injects: the same as a broken connection.
    pub(super) fn injected() -> Self {
        Self::classify(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "injected").into())
    }

    /// Returns the error for a server that accepted the connection but gave no session in time.
    pub(super) fn waited() -> Self {
        Self::plain(SourceCode::Full)
    }

    /// Returns the error for a server that did not respond in time.
    pub fn silent() -> Self {
        let code = SourceCode::Unavailable;
        Self::new(code, format!("{}: it does not respond", code.what()))
    }

    /// Returns the error for a URL that cannot be used; only the operator can change that.
    pub(super) fn url(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::plain(SourceCode::Url).because(cause)
    }

    /// Returns the same error, detected when a session is opened.
    pub(super) fn no_url() -> Self {
        Self::plain(SourceCode::Url)
    }

    /// Returns the error for a transaction that lasted `limit_ms` and was ended by the server's
    /// `transaction_timeout`, which broke the connection.
    pub(super) fn transaction_timeout(limit_ms: u64) -> Self {
        let code = SourceCode::SessionTimeout;
        let what = format!("transaction_timeout of the source ended the session after {limit_ms} ms");
        let state = Some("25P04".to_owned());
        Self { sqlstate: state, ..Self::new(code, with(&format!("{what} (SQLSTATE 25P04)"), code.remedy())) }
    }

    /// Reports whether the server or the pooler had no free session.
    pub fn refused(&self) -> bool {
        self.code == SourceCode::Full
    }

    /// Reports whether the connection is gone, with or without an error from the server.
    pub(super) fn broke(&self) -> bool {
        self.code == SourceCode::Unavailable
    }

    /// Returns the description without the remedy, for callers that have a better remedy.
    pub fn what(&self) -> &str {
        self.message.split_once("; ").map_or(&self.message, |(what, _)| what)
    }

    /// Classifies a failure of a statement. A failure that ends the session is a condition of the deployment.
    pub(super) fn classify(cause: sqlx::Error) -> Self {
        Self::of(cause, false)
    }

    /// Classifies a failure before the first statement of a session: always a condition of the deployment.
    pub(super) fn connecting(cause: sqlx::Error) -> Self {
        Self::of(cause, true)
    }

    fn of(cause: sqlx::Error, connecting: bool) -> Self {
        let Some(server) = cause.as_database_error().and_then(|e| e.try_downcast_ref::<PgDatabaseError>())
        else {
            let error = match &cause {
                sqlx::Error::Io(_) if !connecting => {
                    Self::new(SourceCode::Unavailable, "the connection to the source was lost")
                }
                sqlx::Error::Tls(_) => {
                    Self::new(SourceCode::Unavailable, "the TLS handshake with the source failed")
                }
                // Before the client encoding is set, a server's message may be in the server's encoding; the driver
                // then returns no code.
                sqlx::Error::Protocol(_) if connecting => Self::new(
                    SourceCode::Login,
                    "the source rejected the login with an unreadable message; see its log for the reason",
                ),
                sqlx::Error::Configuration(_) => Self::plain(SourceCode::Url),
                _ if connecting => Self::plain(SourceCode::Unavailable),
                _ => Self::plain(SourceCode::Protocol),
            };
            return error.because(cause);
        };
        let state = server.code().to_owned();
        let position = match server.position() {
            Some(PgErrorPosition::Original(at)) => Some(at),
            _ => None,
        };
        let fatal = matches!(server.severity(), PgSeverity::Fatal | PgSeverity::Panic);
        // PostgreSQL names the routine that reports; a pooler does not.
        let code = match server.routine() {
            None if state == "08P01" => said_by_pooler(server.message()),
            _ if connecting || fatal => ended(&state),
            routine => refused(&state, routine, server.r#where().is_some()),
        };
        let mut error = Self::new(code, String::new());
        error.position = position;
        error.routine = server.routine().map(str::to_owned);
        error.message = if error.routine.is_none() && state == "08P01" {
            // The condition's name would refer to the protocol; a pooler uses the code for something else.
            with(&format!("{} (reported by the pooler as SQLSTATE 08P01)", code.what()), code.remedy())
        } else {
            message_of(code, &state, None)
        };
        error.sqlstate = Some(state);
        error
    }

    /// Adds the name at the error's position in the statement.
    pub(super) fn in_statement(mut self, sql: &str) -> Self {
        let name = self.position.and_then(|at| name_at(sql, at));
        if let (Some(name), Some(state)) = (name, &self.sqlstate) {
            self.message = message_of(self.code, state, Some(&name));
        }
        self
    }
}

fn message_of(code: SourceCode, state: &str, name: Option<&str>) -> String {
    let place = match (name, code) {
        (None, _) => String::new(),
        (Some(name), SourceCode::SchemaChanged) => format!(": {name}"),
        (Some(name), _) => format!(" at {name}"),
    };
    let what = format!("{}{place} ({}, SQLSTATE {state})", code.what(), look_up(state).0);
    with(&what, remedy_of(state).unwrap_or(code.remedy()))
}

fn with(what: &str, remedy: &str) -> String {
    if remedy.is_empty() { what.to_owned() } else { format!("{what}; {remedy}") }
}

/// Returns the code for a session that was refused or ended by the server.
fn ended(state: &str) -> SourceCode {
    match state {
        "53300" => SourceCode::Full,
        "25P03" | "25P04" | "57P05" => SourceCode::SessionTimeout,
        // The role may not connect, or the database or a setting of the role does not exist.
        "42501" | "42704" | "22023" => SourceCode::Login,
        _ if state.starts_with("28") || state.starts_with("3D") => SourceCode::Login,
        _ => SourceCode::Unavailable,
    }
}

/// Returns the code for a statement that was refused. `inside` is true if the server reports that it happened inside
/// a function.
fn refused(state: &str, routine: Option<&str>, inside: bool) -> SourceCode {
    match (state, look_up(state).1) {
        ("42501", _) if routine == Some("check_enable_rls") => SourceCode::RowSecurity,
        // Objects that a function refers to were never in the catalog.
        (_, SourceCode::SchemaChanged) if inside => SourceCode::Query,
        // PostgreSQL itself: its client violated the protocol. An error of a foreign server is reported with the
        // function around it.
        ("08P01", _) => SourceCode::Protocol,
        (_, code) => code,
    }
}

/// Returns the quoted or plain name that begins at the `at`-th character of a statement, counted from 1. Anything
/// else, above all a literal, is not repeated.
fn name_at(sql: &str, at: usize) -> Option<String> {
    let rest: Vec<char> = sql.chars().skip(at.checked_sub(1)?).take(200).collect();
    let is_word = |c: &char| c.is_alphanumeric() || *c == '_' || *c == '.';
    let name: String = match rest.first()? {
        '"' => {
            let mut quotes = 0;
            let of_name = |c: &&char| {
                quotes += usize::from(**c == '"');
                quotes % 2 == 1 || is_word(c) || **c == '"'
            };
            rest.iter().take_while(of_name).collect()
        }
        first if first.is_alphabetic() || *first == '_' => {
            rest.iter().take_while(|c| is_word(c) || **c == '"').collect()
        }
        _ => return None,
    };
    // `E'…'` is a literal.
    (rest.get(name.chars().count()) != Some(&'\'')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ended_sessions_signal_a_back_off() {
        for state in [
            "53300", "57P01", "57P03", "25P03", "25P04", "28P01", "28000", "3D000", "08006", "XX000", "42501",
        ] {
            assert!(ended(state).signal().is_some(), "{state}");
        }
        assert_eq!(ended("25P04"), SourceCode::SessionTimeout);
        assert_eq!(ended("28P01"), SourceCode::Login);
        for state in ["42501", "42P01", "22012", "57014", "55P03", "53200", "25006", "08006"] {
            assert!(refused(state, Some("f"), false).signal().is_none(), "{state}");
        }
    }

    #[test]
    fn schema_changed_is_reported_only_for_catalog_names() {
        assert_eq!(refused("42P01", Some("parserOpenTable"), false), SourceCode::SchemaChanged);
        assert_eq!(refused("42P01", Some("parserOpenTable"), true), SourceCode::Query);
        assert_eq!(refused("42883", Some("ParseFuncOrColumn"), false), SourceCode::Query);
        assert_eq!(refused("54011", Some("x"), false), SourceCode::Limit);
        assert_eq!(refused("25006", Some("x"), false), SourceCode::Writes);
    }

    #[test]
    fn row_security_and_missing_grants_are_distinguished() {
        assert_eq!(refused("42501", Some("check_enable_rls"), false), SourceCode::RowSecurity);
        assert_eq!(refused("42501", Some("aclcheck_error"), false), SourceCode::Permission);
    }

    #[test]
    fn error_messages_quote_names_but_no_values() {
        let sql = "select q.\"a b\", f(q.x) from s.t q where q.x = 'secret' and y = E'secret'";
        let at = |piece: &str| sql.find(piece).unwrap() + 1;
        assert_eq!(name_at(sql, at("q.\"a b\"")).as_deref(), Some("q.\"a"));
        assert_eq!(name_at(sql, at("\"a b\"")).as_deref(), Some("\"a b\""));
        assert_eq!(name_at(sql, at("s.t")).as_deref(), Some("s.t"));
        assert_eq!(name_at(sql, at("'secret'")), None);
        assert_eq!(name_at(sql, at("E'secret'")), None);
        assert_eq!(name_at(sql, 1_000), None);
        let message = message_of(SourceCode::Query, "42883", Some("f"));
        assert!(
            message.starts_with("the source rejected the query at f (undefined_function, SQLSTATE 42883); "),
            "{message}"
        );
    }

    #[test]
    fn no_message_promises_a_retry() {
        for state in ["55P03", "40001", "22012", "XX000", "57014"] {
            assert!(!message_of(look_up(state).1, state, None).contains("again"), "{state}");
        }
    }

    #[test]
    fn only_refused_imports_show_that_a_snapshot_is_gone() {
        let error = |state: Option<&str>| SourceError {
            sqlstate: state.map(str::to_owned),
            ..SourceError::new(SourceCode::Unavailable, "x")
        };
        for state in ["22023", "42704", "55000"] {
            assert_eq!(error(Some(state)).of_import().code, SourceCode::SnapshotGone, "{state}");
        }
        for state in [None, Some("57P01"), Some("53300")] {
            assert_eq!(error(state).of_import().code, SourceCode::Unavailable, "{state:?}");
        }
    }

    #[test]
    fn only_wrong_values_are_filter_errors() {
        let error = |state: &str| SourceError {
            sqlstate: Some(state.into()),
            ..SourceError::new(SourceCode::Error, "secret")
        };
        for state in ["22P02", "22P05", "42601", "42P01"] {
            let found = error(state).of_filter("path");
            assert_eq!(found.code, SourceCode::FilterValue, "{state}");
            assert!(found.message.contains("\"path\"") && !found.message.contains("secret"), "{found}");
        }
        for state in ["42501", "42704", "57014", "53300"] {
            assert_eq!(error(state).of_filter("path").code, SourceCode::Error, "{state}");
        }
    }
}
