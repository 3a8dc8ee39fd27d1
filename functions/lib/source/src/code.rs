//! Kinds of the source's failures. The set is closed, so that each has its message here, and by its failure code
//! its remedy and its retryability.

use export::failure::FailureCode;
use export::load::Signal;

/// Kind of a failure of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceCode {
    /// The source cannot be reached, starts, stops, or broke the connection.
    Unavailable,
    /// The source, or its pooler, refuses the login.
    Login,
    /// No session was free in time.
    Full,
    /// The server ends sessions in use because of a timeout of its own.
    SessionTimeout,
    /// The URL of the source cannot be used.
    Url,
    /// `statement_timeout`, or a manual cancel, canceled the statement.
    Timeout,
    /// Another session holds a lock.
    Locked,
    /// A standby canceled the statement to replay a change, or the snapshot is too old.
    Conflict,
    /// The server is out of memory, disk or files.
    Resource,
    /// Another server, which a foreign table or `dblink` reads, failed.
    Foreign,
    /// An internal error of the server, or an error raised by a user's function.
    Error,
    /// The response does not have the expected form.
    Protocol,
    /// The thread of the session is gone.
    SessionLost,
    /// A policy would hide rows.
    RowSecurity,
    /// A privilege is missing.
    Permission,
    /// A relation or column is gone, or of another type.
    SchemaChanged,
    /// A value cannot be computed or converted.
    Value,
    /// The value of a filter is not a valid value of its column's type.
    FilterValue,
    /// The server refuses the statement.
    Query,
    /// The statement exceeds a limit of the server.
    Limit,
    /// The statement would write.
    Writes,
    /// Stored data is damaged.
    Corrupted,
    /// A snapshot that another session exported is gone.
    SnapshotGone,
}

impl From<SourceCode> for FailureCode {
    fn from(code: SourceCode) -> Self {
        match code {
            SourceCode::Unavailable => Self::Held(Signal::SourceUnavailable),
            SourceCode::Login => Self::Held(Signal::SourceLogin),
            SourceCode::Full => Self::Held(Signal::SourceFull),
            SourceCode::SessionTimeout => Self::Held(Signal::SourceSessionTimeout),
            SourceCode::Url => Self::Held(Signal::SourceUrl),
            SourceCode::Timeout => Self::SourceTimeout,
            SourceCode::Locked => Self::SourceLocked,
            SourceCode::Conflict => Self::SourceConflict,
            SourceCode::Resource => Self::SourceResource,
            SourceCode::Foreign => Self::SourceForeign,
            SourceCode::Error => Self::SourceError,
            SourceCode::Protocol => Self::SourceProtocol,
            SourceCode::SessionLost => Self::SourceSessionLost,
            SourceCode::RowSecurity => Self::SourceRowSecurity,
            SourceCode::Permission => Self::SourcePermission,
            SourceCode::SchemaChanged => Self::SchemaChanged,
            SourceCode::Value => Self::SourceValue,
            SourceCode::FilterValue => Self::FilterValue,
            SourceCode::Query => Self::SourceQuery,
            SourceCode::Limit => Self::SourceLimit,
            SourceCode::Writes => Self::SourceWrites,
            SourceCode::Corrupted => Self::SourceCorrupted,
            SourceCode::SnapshotGone => Self::CutLost,
        }
    }
}

impl SourceCode {
    /// Returns the corresponding condition of the deployment; `None` if it is the chunk's own failure.
    pub fn signal(self) -> Option<Signal> {
        match FailureCode::from(self) {
            FailureCode::Held(signal) => Some(signal),
            _ => None,
        }
    }

    /// Reports whether another attempt may succeed.
    pub fn is_retryable(self) -> bool {
        FailureCode::from(self).is_retryable()
    }

    /// Returns the remedy; empty if the failure resolves itself or no remedy is known.
    pub fn remedy(self) -> &'static str {
        FailureCode::from(self).remedy().unwrap_or_default()
    }

    /// Returns a description of the failure.
    pub fn what(self) -> &'static str {
        match self {
            Self::Unavailable => "the source is not available",
            Self::Login => "the source rejected the login",
            Self::Full => "no source session became available in time",
            Self::SessionTimeout => "the source terminated a session that was in use",
            Self::Url => "the source URL is not valid",
            Self::Timeout => "the statement was canceled",
            Self::Locked => "another session holds a lock on the relation",
            Self::Conflict => "the standby canceled the statement to replay a change",
            Self::Resource => "the source ran out of a resource",
            Self::Foreign => "a foreign server that the dataset reads from failed",
            Self::Error => "the source reported an error",
            Self::Protocol => "the source sent an unexpected response",
            Self::SessionLost => "the source session terminated unexpectedly",
            Self::RowSecurity => "a row-level security policy would hide rows",
            Self::Permission => "permission denied",
            Self::SchemaChanged => "a relation or column of the dataset no longer exists",
            Self::Value => "a value could not be converted or computed",
            Self::FilterValue => "a filter value is not valid for its column's type",
            Self::Query => "the source rejected the query",
            Self::Limit => "the query exceeds a limit of the source",
            Self::Writes => "the dataset would write to the source",
            Self::Corrupted => "data in the source is corrupted",
            Self::SnapshotGone => "the snapshot is gone",
        }
    }
}

/// Returns a remedy that fits one SQLSTATE better than that of its code.
pub(super) fn remedy_of(state: &str) -> Option<&'static str> {
    Some(match state {
        "22021" | "22P05" => {
            "the text is not valid in the database's encoding or has no UTF-8 form: exclude the column, or convert it in a query"
        }
        "23514" | "23502" => "a value does not fit the domain it is cast to; correct the row or the domain",
        "42883" => {
            "a function or operator is missing: write it with its schema, since search_path is pg_catalog"
        }
        "42704" => {
            "an object is missing: write a type with its schema, or create a user mapping for the source role"
        }
        "53400" => "raise temp_file_limit, or the limit named in the server's log",
        "55000" => "if it is a materialized view, refresh it",
        _ => return None,
    })
}
