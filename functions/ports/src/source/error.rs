//! What can go wrong at the source, classified once by SQLSTATE.

use std::error::Error;

use crate::server::is_silent;

/// A failure of the source, with all that a retry and a person need to know.
///
/// The message never holds a row value: where the server's text might quote one, ours stands instead
/// and the cause is dropped.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// One word for machines.
    pub code: &'static str,
    /// What happened and what to do.
    pub message: String,
    /// Whether another attempt may go better.
    pub again: bool,
    /// The server's five-character code, if the server spoke.
    pub sqlstate: Option<String>,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl SourceError {
    fn new(code: &'static str, again: bool, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), again, sqlstate: None, cause: None }
    }

    /// The column's type is not the one the catalog was resolved with.
    pub(super) fn schema_changed(column: &str, expected: u32, found: u32) -> Self {
        Self::new(
            "schema_changed",
            false,
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
        Self::new("schema_changed", false, message)
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
        Self { sqlstate: self.sqlstate.clone(), ..Self::new("filter_value", false, message) }
    }

    /// The answer does not have the form that was asked for.
    pub(super) fn protocol(what: &str) -> Self {
        Self::new("source_protocol", true, format!("the source answered in an unexpected way: {what}"))
    }

    /// The session's thread is gone, which only a bug or the end of the process explains.
    pub(super) fn gone() -> Self {
        Self::new("source_session_lost", true, "the source session ended without a word")
    }

    /// A failure that a test asked for: as if the connection broke.
    pub(super) fn injected() -> Self {
        Self::classify(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "injected").into())
    }

    /// The server accepted the connection but gave no session in time.
    pub(super) fn waited() -> Self {
        Self::new("source_full", true, "no session of the source became free in time; it is tried again")
    }

    /// The URL cannot be used; only the operator can change that.
    pub(super) fn url(cause: impl Error + Send + Sync + 'static) -> Self {
        let mut error =
            Self::new("source_url", false, "the source's URL cannot be read; check SLUICE_SOURCE_URL");
        error.cause = Some(Box::new(cause));
        error
    }

    /// No token to log in with can be made; credentials come from the environment, which may be replaced.
    pub(super) fn login(cause: crate::login::LoginError) -> Self {
        let mut error =
            Self::new("source_login", true, "no token to log in to the source with could be made");
        error.cause = Some(Box::new(cause));
        error
    }

    /// Whether the server or the pooler had no session to give.
    pub(super) fn refused(&self) -> bool {
        self.code == "source_full"
    }

    /// The one place where failures of the source are told apart.
    pub(super) fn classify(cause: sqlx::Error) -> Self {
        let Some(server) =
            cause.as_database_error().and_then(|e| e.try_downcast_ref::<sqlx::postgres::PgDatabaseError>())
        else {
            let (code, message) = match &cause {
                sqlx::Error::Io(_) => ("source_unavailable", "the connection to the source broke"),
                sqlx::Error::Tls(_) => ("source_unavailable", "no TLS session with the source came about"),
                _ => ("source_protocol", "the source answered in an unexpected way"),
            };
            return Self { cause: Some(Box::new(cause)), ..Self::new(code, true, message) };
        };
        let (state, text) = (server.code().to_owned(), server.message().to_owned());
        let (code, again, message) = verdict(&state, &text);
        let cause = is_silent(&state).then(|| Box::new(cause) as Box<dyn Error + Send + Sync>);
        Self { code, again, message, sqlstate: Some(state), cause }
    }
}

/// Code word, whether to try again, and message for an error of the server.
fn verdict(state: &str, text: &str) -> (&'static str, bool, String) {
    let (code, again, remedy) = match state {
        // Too many sessions; 08P01 is how a pooler passes on a refused login.
        "53300" | "08P01" => ("source_full", true, "all sessions of the source are taken; it is tried again"),
        "57P01" | "57P02" | "57P03" => {
            ("source_unavailable", true, "the source is shutting down or starting; it is tried again")
        }
        "57P05" | "25P03" => ("source_timeout", true, "the source ended an idle session; it is tried again"),
        "57014" => {
            ("source_timeout", true, "raise statement_timeout of the source role, or export a smaller range")
        }
        "55P03" => ("source_locked", true, "another session holds a lock on the relation; it is tried again"),
        "40001" | "40P01" => {
            ("source_conflict", true, "the standby canceled the query to replay a change; it is tried again")
        }
        "42501" if text.contains("row-level security") => (
            "source_row_security",
            false,
            "a policy would hide rows: grant bypassrls to the source role or export through a view",
        ),
        "42501" => ("source_permission", false, "grant select to the source role, then run catalog check"),
        "42P01" | "3F000" => ("schema_changed", false, "a relation is missing; run catalog apply"),
        "42703" => ("schema_changed", false, "a column is missing; run catalog apply"),
        _ if state.starts_with("22") => (
            "source_value",
            false,
            "a value could not be converted or computed; check the filters and the dataset's query",
        ),
        _ if state.starts_with("42") => ("source_query", false, "the query is refused; run catalog check"),
        _ if state.starts_with("28") => ("source_login", false, "check user and password of the source"),
        _ if state.starts_with("3D") => {
            ("source_login", false, "the database does not exist; check SLUICE_SOURCE_URL")
        }
        _ if state.starts_with("0A") => {
            ("source_query", false, "the source does not support this query; run catalog check")
        }
        _ if state.starts_with("08") => {
            ("source_unavailable", true, "the connection failed; it is tried again")
        }
        _ if state.starts_with("53") => {
            ("source_unavailable", true, "the source is out of a resource; it is tried again")
        }
        _ if state.starts_with("58") => {
            ("source_unavailable", true, "the source had a system error; it is tried again")
        }
        _ => ("source_error", true, "it is tried again"),
    };
    let text = if is_silent(state) { text } else { "the source reported an error" };
    (code, again, format!("{text} (SQLSTATE {state}): {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_heals_by_itself_is_tried_again() {
        for state in ["53300", "08P01", "08006", "57P01", "57014", "55P03", "40001", "58030", "XX000"] {
            assert!(verdict(state, "").1, "{state}");
        }
        for state in ["42501", "42P01", "42703", "42601", "22P02", "22003", "28P01", "3D000"] {
            assert!(!verdict(state, "").1, "{state}");
        }
    }

    #[test]
    fn a_value_is_never_repeated() {
        let (_, _, message) = verdict("22P02", "invalid input syntax for type integer: \"secret\"");
        assert!(!message.contains("secret") && message.contains("22P02"));
        let (_, _, message) = verdict("P0001", "no rate for customer secret");
        assert!(!message.contains("secret") && message.contains("P0001"));
    }

    #[test]
    fn a_wrong_value_is_the_filters_fault_and_a_missing_right_is_not() {
        let error = |state: &str| SourceError {
            sqlstate: Some(state.into()),
            ..SourceError::new("x", true, "secret")
        };
        for state in ["22P02", "22P05", "42601", "42P01"] {
            let found = error(state).of_filter("path");
            assert_eq!((found.code, found.again), ("filter_value", false), "{state}");
            assert!(found.message.contains("\"path\"") && !found.message.contains("secret"), "{found}");
        }
        for state in ["42501", "42704", "57014", "53300"] {
            assert_eq!(error(state).of_filter("path").code, "x", "{state}");
        }
    }

    #[test]
    fn a_hidden_row_is_told_from_a_missing_grant() {
        let text = "query would be affected by row-level security policy for table \"t\"";
        assert_eq!(verdict("42501", text).0, "source_row_security");
        assert_eq!(verdict("42501", "permission denied for table t").0, "source_permission");
    }
}
