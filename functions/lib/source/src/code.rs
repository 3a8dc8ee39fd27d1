//! Codes of the source's failures. The set is closed, so that each has its message, its remedy and a decision
//! everywhere.

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
}

impl SourceCode {
    /// Returns the code as it is written in the store and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "source_unavailable",
            Self::Login => "source_login",
            Self::Full => "source_full",
            Self::SessionTimeout => "source_session_timeout",
            Self::Url => "source_url",
            Self::Timeout => "source_timeout",
            Self::Locked => "source_locked",
            Self::Conflict => "source_conflict",
            Self::Resource => "source_resource",
            Self::Foreign => "source_foreign",
            Self::Error => "source_error",
            Self::Protocol => "source_protocol",
            Self::SessionLost => "source_session_lost",
            Self::RowSecurity => "source_row_security",
            Self::Permission => "source_permission",
            Self::SchemaChanged => "schema_changed",
            Self::Value => "source_value",
            Self::FilterValue => "filter_value",
            Self::Query => "source_query",
            Self::Limit => "source_limit",
            Self::Writes => "source_writes",
            Self::Corrupted => "source_corrupted",
        }
    }

    /// Returns the corresponding condition of the deployment; `None` if it is the chunk's own failure.
    pub fn signal(self) -> Option<Signal> {
        Some(match self {
            Self::Unavailable => Signal::SourceUnavailable,
            Self::Login => Signal::SourceLogin,
            Self::Full => Signal::SourceFull,
            Self::SessionTimeout => Signal::SourceSessionTimeout,
            Self::Url => Signal::SourceUrl,
            _ => return None,
        })
    }

    /// Reports whether another attempt may succeed.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::RowSecurity
            | Self::Permission
            | Self::SchemaChanged
            | Self::Value
            | Self::FilterValue
            | Self::Query
            | Self::Limit
            | Self::Writes
            | Self::Corrupted => false,
            Self::Unavailable
            | Self::Login
            | Self::Full
            | Self::SessionTimeout
            | Self::Url
            | Self::Timeout
            | Self::Locked
            | Self::Conflict
            | Self::Resource
            | Self::Foreign
            | Self::Error
            | Self::Protocol
            | Self::SessionLost => true,
        }
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
            Self::SchemaChanged => "schema changed: a relation or column is missing",
            Self::Value => "a value could not be converted or computed",
            Self::FilterValue => "a filter value is not valid for its column's type",
            Self::Query => "the source rejected the query",
            Self::Limit => "the query exceeds a limit of the source",
            Self::Writes => "the dataset would write to the source",
            Self::Corrupted => "data in the source is corrupted",
        }
    }

    /// Returns the remedy; empty if the failure resolves itself or no remedy is known.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Login => {
                "check user, password and database in SLUICE_SOURCE_URL, and that pg_hba.conf admits the role"
            }
            Self::SessionTimeout => {
                "run admin migrate, which sets timeouts for the source role, or raise those of the server or pooler"
            }
            Self::Url => "correct SLUICE_SOURCE_URL",
            Self::Timeout => "raise statement_timeout of the source role, or export a smaller range",
            Self::RowSecurity => {
                "give the source role bypassrls, or export through a view of the table's owner"
            }
            Self::Permission => {
                "grant the source role select on everything the dataset reads, and usage on the schemas"
            }
            Self::SchemaChanged => "run catalog apply",
            Self::Value => "check the request's filters and the expressions of the dataset",
            Self::FilterValue => "correct the filter",
            Self::Query => "run catalog check, which sends the same statement",
            Self::Limit => "export fewer columns, or raise the limit",
            Self::Writes => {
                "export a relation or a query that only reads: sessions of the source role are read only"
            }
            Self::Corrupted => "check the relation, for example with amcheck, and restore the corrupted data",
            Self::Foreign => "check that server and the source role's user mapping",
            Self::Unavailable
            | Self::Full
            | Self::Locked
            | Self::Conflict
            | Self::Resource
            | Self::Error
            | Self::Protocol
            | Self::SessionLost => "",
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
