//! What can go wrong at the source, classified once: by SQLSTATE, by whether the session ended, and by who speaks.
//!
//! No text of the server takes part: servers speak other languages, and their texts may quote a row's values.

use std::error::Error;

use sqlx::postgres::{PgDatabaseError, PgErrorPosition, PgSeverity};

use super::code::{SourceCode, remedy_of};
use super::pooler::said_by_pooler;
use super::sqlstate::look_up;

/// A failure of the source, with all that a retry and a person need to know.
///
/// The message is ours throughout: nothing that the server says beyond its SQLSTATE is repeated.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// Its kind.
    pub code: SourceCode,
    /// What happened and what to do.
    pub message: String,
    /// The server's five-character code, if the server spoke.
    pub sqlstate: Option<String>,
    /// Where in our statement the server stumbled, in characters from 1.
    position: Option<usize>,
    /// The server's function that reported it: one name in all languages.
    pub(super) routine: Option<String>,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
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

    /// The column's type is not the one the catalog was resolved with.
    pub(super) fn schema_changed(column: &str, expected: u32, found: u32) -> Self {
        Self::new(
            SourceCode::SchemaChanged,
            format!(
                "schema changed: column \"{column}\" has type oid {found}, the catalog says {expected}; run catalog apply"
            ),
        )
    }

    /// Texts of the tenant column are no longer equal only where their bytes are.
    pub(super) fn collation_changed(column: &str) -> Self {
        let message = format!(
            "schema changed: the collation of the tenant column \"{column}\" is another than the catalog says; run catalog apply"
        );
        Self::new(SourceCode::SchemaChanged, message)
    }

    /// The source refused to read a filter's value as the filter's type. The value is not repeated.
    pub(super) fn of_filter(self, column: &str) -> Self {
        let state = self.sqlstate.as_deref().unwrap_or_default();
        // Some types call a wrong value a syntax error. A missing type or right is not the value's fault.
        let is_values = ["22", "23", "42", "P0"].iter().any(|class| state.starts_with(class));
        if !is_values || ["42501", "42704"].contains(&state) {
            return self;
        }
        let message = format!(
            "a value of the filter \"{column}\" is no value of its type (SQLSTATE {state}): correct the filter"
        );
        Self { sqlstate: self.sqlstate.clone(), ..Self::new(SourceCode::FilterValue, message) }
    }

    /// The answer does not have the form that was asked for.
    pub(super) fn protocol(what: &str) -> Self {
        Self::new(SourceCode::Protocol, with(SourceCode::Protocol.what(), what))
    }

    /// The session's thread is gone, which only a bug or the end of the process explains.
    pub(super) fn gone() -> Self {
        Self::plain(SourceCode::SessionLost)
    }

    /// A failure that a test asked for: as if the connection broke.
    pub(super) fn injected() -> Self {
        Self::classify(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "injected").into())
    }

    /// The server accepted the connection but gave no session in time.
    pub(super) fn waited() -> Self {
        Self::plain(SourceCode::Full)
    }

    /// The server did not answer in time.
    pub fn silent() -> Self {
        Self::new(SourceCode::Unavailable, with(SourceCode::Unavailable.what(), "it does not answer"))
    }

    /// The URL cannot be used; only the operator can change that.
    pub(super) fn url(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::plain(SourceCode::Url).because(cause)
    }

    /// The same, found when a session is asked for.
    pub(super) fn no_url() -> Self {
        Self::plain(SourceCode::Url)
    }

    /// No token to log in with can be made; credentials come from the environment, which may be replaced.
    pub(super) fn login(cause: crate::login::LoginError) -> Self {
        Self::new(SourceCode::Login, "no token to log in to the source with could be made").because(cause)
    }

    /// A transaction that lasted `limit_ms` was ended by the server's `transaction_timeout`, which broke the connection.
    pub(super) fn transaction_timeout(limit_ms: u64) -> Self {
        let code = SourceCode::SessionTimeout;
        let what = format!("transaction_timeout of the source ended the session after {limit_ms} ms");
        let state = Some("25P04".to_owned());
        Self { sqlstate: state, ..Self::new(code, with(&format!("{what} (SQLSTATE 25P04)"), code.remedy())) }
    }

    /// Whether the server or the pooler had no session to give.
    pub(super) fn refused(&self) -> bool {
        self.code == SourceCode::Full
    }

    /// Whether the connection is gone, with or without a word.
    pub(super) fn broke(&self) -> bool {
        self.code == SourceCode::Unavailable
    }

    /// What happened, without a remedy: for those who have a better one.
    pub fn what(&self) -> &str {
        self.message.split_once("; ").map_or(&self.message, |(what, _)| what)
    }

    /// A failure of a statement. One that ends the session is a condition of the deployment.
    pub(super) fn classify(cause: sqlx::Error) -> Self {
        Self::of(cause, false)
    }

    /// A failure on the way to a session, before any statement of ours: always a condition of the deployment.
    pub(super) fn connecting(cause: sqlx::Error) -> Self {
        Self::of(cause, true)
    }

    fn of(cause: sqlx::Error, connecting: bool) -> Self {
        let Some(server) = cause.as_database_error().and_then(|e| e.try_downcast_ref::<PgDatabaseError>())
        else {
            let error = match &cause {
                sqlx::Error::Io(_) if !connecting => {
                    Self::new(SourceCode::Unavailable, "the connection to the source broke")
                }
                sqlx::Error::Tls(_) => {
                    Self::new(SourceCode::Unavailable, "the TLS handshake with the source failed")
                }
                // What a server says before it knows our encoding may be in its own: the driver then knows no code.
                sqlx::Error::Protocol(_) if connecting => Self::new(
                    SourceCode::Login,
                    "the source refuses the login, in words that cannot be read; its log has the reason",
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
        // PostgreSQL names the routine that reports; a pooler has none.
        let code = match server.routine() {
            None if state == "08P01" => said_by_pooler(server.message()),
            _ if connecting || fatal => ended(&state),
            routine => refused(&state, routine, server.r#where().is_some()),
        };
        let mut error = Self::new(code, String::new());
        error.position = position;
        error.routine = server.routine().map(str::to_owned);
        error.message = if error.routine.is_none() && state == "08P01" {
            // The condition's name would speak of the protocol; a pooler means something else.
            with(&format!("{} (SQLSTATE 08P01 of its pooler)", code.what()), code.remedy())
        } else {
            told(code, &state, "")
        };
        error.sqlstate = Some(state);
        error
    }

    /// Adds the name in our statement at which the server stumbled.
    pub(super) fn in_statement(mut self, sql: &str) -> Self {
        let name = self.position.and_then(|at| name_at(sql, at));
        if let (Some(name), Some(state)) = (name, &self.sqlstate) {
            self.message = told(self.code, state, &format!(" at {name}"));
        }
        self
    }
}

fn told(code: SourceCode, state: &str, place: &str) -> String {
    let what = format!("{}: {}{place} (SQLSTATE {state})", code.what(), look_up(state).0);
    with(&what, remedy_of(state).unwrap_or(code.remedy()))
}

fn with(what: &str, remedy: &str) -> String {
    if remedy.is_empty() { what.to_owned() } else { format!("{what}; {remedy}") }
}

/// The verdict on a session that was refused or ended by the server.
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

/// The verdict on a statement that was refused. `inside`: the server tells of a function in which it happened.
fn refused(state: &str, routine: Option<&str>, inside: bool) -> SourceCode {
    match (state, look_up(state).1) {
        ("42501", _) if routine == Some("check_enable_rls") => SourceCode::RowSecurity,
        // What a function misses was never in the catalog.
        (_, SourceCode::SchemaChanged) if inside => SourceCode::Query,
        // PostgreSQL itself: its client broke the protocol. A foreign server's has a function around it.
        ("08P01", _) => SourceCode::Protocol,
        (_, code) => code,
    }
}

/// The name that begins at the `at`-th character of a statement, from 1: a quoted or a plain one. Anything else, a literal
/// above all, is not repeated.
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
    fn a_session_that_ends_is_a_condition_of_the_deployment() {
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
    fn schema_changed_is_said_only_of_what_the_catalog_names() {
        assert_eq!(refused("42P01", Some("parserOpenTable"), false), SourceCode::SchemaChanged);
        assert_eq!(refused("42P01", Some("parserOpenTable"), true), SourceCode::Query);
        assert_eq!(refused("42883", Some("ParseFuncOrColumn"), false), SourceCode::Query);
        assert_eq!(refused("54011", Some("x"), false), SourceCode::Limit);
        assert_eq!(refused("25006", Some("x"), false), SourceCode::Writes);
    }

    #[test]
    fn a_hidden_row_is_told_from_a_missing_grant_in_every_language() {
        assert_eq!(refused("42501", Some("check_enable_rls"), false), SourceCode::RowSecurity);
        assert_eq!(refused("42501", Some("aclcheck_error"), false), SourceCode::Permission);
    }

    #[test]
    fn only_names_of_our_statement_are_repeated() {
        let sql = "select q.\"a b\", f(q.x) from s.t q where q.x = 'secret' and y = E'secret'";
        let at = |piece: &str| sql.find(piece).unwrap() + 1;
        assert_eq!(name_at(sql, at("q.\"a b\"")).as_deref(), Some("q.\"a"));
        assert_eq!(name_at(sql, at("\"a b\"")).as_deref(), Some("\"a b\""));
        assert_eq!(name_at(sql, at("s.t")).as_deref(), Some("s.t"));
        assert_eq!(name_at(sql, at("'secret'")), None);
        assert_eq!(name_at(sql, at("E'secret'")), None);
        assert_eq!(name_at(sql, 1_000), None);
        let message = told(SourceCode::Query, "42883", " at f");
        assert!(
            message.starts_with("the source refuses the query: undefined_function at f (SQLSTATE 42883); "),
            "{message}"
        );
    }

    #[test]
    fn no_message_promises_a_retry() {
        for state in ["55P03", "40001", "22012", "XX000", "57014"] {
            assert!(!told(look_up(state).1, state, "").contains("again"), "{state}");
        }
    }

    #[test]
    fn a_wrong_value_is_the_filters_fault_and_a_missing_right_is_not() {
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
