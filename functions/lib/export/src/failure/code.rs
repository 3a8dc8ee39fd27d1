//! Codes of failures. The set is closed, so that each has its retryability and its remedy everywhere.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::load::Signal;

/// A code that this release does not know. Only reading one creates it, so no release writes a code of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OtherCode(Box<str>);

macro_rules! codes {
    ($($(#[$doc:meta])+ $code:ident = $word:literal,)+) => {
        /// Machine-readable reason of a failure.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum FailureCode {
            /// A condition of the deployment, which is charged to no chunk.
            Held(Signal),
            $($(#[$doc])+ $code,)+
            /// A code that an older or newer release wrote.
            Other(OtherCode),
        }

        impl FailureCode {
            const OF_CHUNKS: &[Self] = &[$(Self::$code),+];

            /// Returns the code as it is written in the store and in JSON.
            pub fn as_str(&self) -> &str {
                match self {
                    Self::Held(signal) => signal.as_str(),
                    $(Self::$code => $word,)+
                    Self::Other(OtherCode(word)) => word,
                }
            }
        }
    };
}

codes! {
    /// `statement_timeout`, or a manual cancel, canceled the statement.
    SourceTimeout = "source_timeout",
    /// Another session holds a lock.
    SourceLocked = "source_locked",
    /// A standby canceled the statement to replay a change, or the snapshot is too old.
    SourceConflict = "source_conflict",
    /// The server is out of memory, disk or files.
    SourceResource = "source_resource",
    /// Another server, which a foreign table or `dblink` reads, failed.
    SourceForeign = "source_foreign",
    /// An internal error of the server, or an error raised by a user's function.
    SourceError = "source_error",
    /// The response does not have the expected form.
    SourceProtocol = "source_protocol",
    /// The thread of the session is gone.
    SourceSessionLost = "source_session_lost",
    /// A policy would hide rows.
    SourceRowSecurity = "source_row_security",
    /// A privilege is missing.
    SourcePermission = "source_permission",
    /// A relation or column is gone, or of another type.
    SchemaChanged = "schema_changed",
    /// A value cannot be computed or converted.
    SourceValue = "source_value",
    /// The value of a filter is not a valid value of its column's type.
    FilterValue = "filter_value",
    /// The server refuses the statement.
    SourceQuery = "source_query",
    /// The statement exceeds a limit of the server.
    SourceLimit = "source_limit",
    /// The statement would write.
    SourceWrites = "source_writes",
    /// Stored data is damaged.
    SourceCorrupted = "source_corrupted",
    /// A row or value is larger than a worker holds in memory.
    ValueTooLarge = "value_too_large",
    /// The format cannot hold a value.
    UnsupportedValue = "unsupported_value",
    /// The chunk is too large for one attempt and is split.
    TooLarge = "too_large",
    /// The rows were not read within the function's time limit, and a split would not help.
    OutOfTime = "out_of_time",
    /// A thread of the worker is gone.
    WorkerBroken = "worker_broken",
    /// A newer attempt may run, or no export needs the chunk.
    LeaseLost = "lease_lost",
    /// The bucket refused one call.
    Storage = "storage",
    /// The upload was not finished within the function's time limit.
    StorageSlow = "storage_slow",
    /// The store refused a statement.
    Store = "store",
    /// The worker stopped to renew its lease.
    WorkerLost = "worker_lost",
    /// The deadline of the export passed before the range was read.
    Deadline = "deadline",
    /// A newer catalog does not allow the selection.
    CatalogChanged = "catalog_changed",
    /// The operator invalidated the range after it was read.
    Invalidated = "invalidated",
    /// The snapshot that all files show was held for too long.
    CutTooLong = "cut_too_long",
    /// The snapshot that all files show was lost several times.
    CutLost = "cut_lost",
    /// The dataset reads what a snapshot does not cover.
    CutOutside = "cut_outside",
    /// The attempt recorded no reason.
    Unrecorded = "unknown",
}

impl FailureCode {
    /// Returns all codes that this release writes.
    pub fn all() -> impl Iterator<Item = Self> {
        Signal::ALL.into_iter().map(Self::Held).chain(Self::OF_CHUNKS.iter().cloned())
    }

    /// Returns true if another attempt usually succeeds: the value of [`Failure::again`](super::Failure::again),
    /// unless the attempt knows better.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Held(_)
            | Self::SourceTimeout
            | Self::SourceLocked
            | Self::SourceConflict
            | Self::SourceResource
            | Self::SourceForeign
            | Self::SourceError
            | Self::SourceProtocol
            | Self::SourceSessionLost
            | Self::TooLarge
            | Self::WorkerBroken
            | Self::LeaseLost
            | Self::Storage
            | Self::StorageSlow
            | Self::Store
            | Self::WorkerLost => true,
            Self::SourceRowSecurity
            | Self::SourcePermission
            | Self::SchemaChanged
            | Self::SourceValue
            | Self::FilterValue
            | Self::SourceQuery
            | Self::SourceLimit
            | Self::SourceWrites
            | Self::SourceCorrupted
            | Self::ValueTooLarge
            | Self::UnsupportedValue
            | Self::OutOfTime
            | Self::Deadline
            | Self::CatalogChanged
            | Self::Invalidated
            | Self::CutTooLong
            | Self::CutLost
            | Self::CutOutside
            | Self::Unrecorded
            | Self::Other(_) => false,
        }
    }

    /// Returns the remedy; `None` if the failure resolves itself, no remedy is known, or it depends on the case.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Held(signal) => return of_condition(*signal),
            Self::SourceTimeout => {
                "raise WorkerTimeoutSeconds and run `sluice admin migrate`, or export a smaller range"
            }
            Self::SourceForeign => {
                "check that the foreign server can be reached and that the source role has a user mapping for it"
            }
            Self::SourceRowSecurity => {
                "give the source role bypassrls, or export through a view of the table's owner"
            }
            Self::SourcePermission => {
                "grant the source role select on everything the dataset reads, and usage on the schemas"
            }
            Self::SchemaChanged => "run `sluice admin catalog apply`",
            Self::SourceValue => "check the request's filters and the expressions of the dataset",
            Self::FilterValue => "correct the filter",
            Self::SourceQuery => "run `sluice admin catalog check`, which sends the same statement",
            Self::SourceLimit => "export fewer columns, or raise the limit",
            Self::SourceWrites => {
                "export a relation or a query that only reads: sessions of the source role are read only"
            }
            Self::SourceCorrupted => {
                "check the relation, for example with amcheck, and restore the corrupted data"
            }
            Self::ValueTooLarge => "exclude the column in the catalog or filter the row out",
            Self::UnsupportedValue => {
                "list the column in as_text of the dataset in the catalog, or export CSV or NDJSON"
            }
            Self::OutOfTime => {
                "give the dataset a range column with an index that its query uses, request less data with filters, \
                 or raise WorkerTimeoutSeconds"
            }
            Self::WorkerLost => "if this happens repeatedly, raise WorkerMemoryMb or WorkerTimeoutSeconds",
            Self::Invalidated => "retry the export, or create a new one, to read it again",
            Self::CutTooLong => {
                "request less data at once, raise MaxCutMinutes, or request the consistency \"file\""
            }
            Self::CutLost => {
                "retry the export, which then reads a new snapshot, or request the consistency \"file\""
            }
            Self::CutOutside => "request the consistency \"file\" for this dataset",
            Self::SourceLocked
            | Self::SourceConflict
            | Self::SourceResource
            | Self::SourceError
            | Self::SourceProtocol
            | Self::SourceSessionLost
            | Self::TooLarge
            | Self::WorkerBroken
            | Self::LeaseLost
            | Self::Storage
            | Self::StorageSlow
            | Self::Store
            | Self::Deadline
            | Self::CatalogChanged
            | Self::Unrecorded
            | Self::Other(_) => return None,
        })
    }
}

/// Returns the remedy of a condition of the deployment; `None` if its description names it, or it ends by itself.
fn of_condition(signal: Signal) -> Option<&'static str> {
    Some(match signal {
        Signal::SourceLogin => {
            "check role and database in SourceUrl, the password in it or in its secret, and that pg_hba.conf allows the role to connect"
        }
        Signal::SourceSessionTimeout => {
            "run `sluice admin migrate`, which sets timeouts for the source role, or raise those of the server or pooler"
        }
        Signal::SourceUrl => "the operator must correct SourceUrl and deploy again",
        Signal::ActiveSessions
        | Signal::ReplicaLag
        | Signal::SourceUnavailable
        | Signal::SourceFull
        | Signal::StorageThrottled
        | Signal::StorageUnavailable
        | Signal::StorageDenied
        | Signal::StoreUnavailable
        | Signal::NoWorker => return None,
    })
}

impl From<Signal> for FailureCode {
    fn from(signal: Signal) -> Self {
        Self::Held(signal)
    }
}

impl FromStr for FailureCode {
    type Err = Infallible;
    fn from_str(word: &str) -> Result<Self, Infallible> {
        let known = Self::all().find(|code| code.as_str() == word);
        Ok(known.unwrap_or_else(|| Self::Other(OtherCode(word.into()))))
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for FailureCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FailureCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Ok(code) = String::deserialize(deserializer)?.parse();
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn failure_codes_have_one_spelling() {
        let mut words = BTreeSet::new();
        for code in FailureCode::all() {
            assert!(words.insert(code.to_string()), "two codes are {code}");
            assert_eq!(code.as_str().parse(), Ok(code.clone()));
            let json = serde_json::to_string(&code).unwrap();
            assert_eq!(json, format!("\"{code}\""));
            assert_eq!(serde_json::from_str::<FailureCode>(&json).unwrap(), code);
        }
    }

    #[test]
    fn codes_of_other_releases_keep_their_text() {
        let code: FailureCode = serde_json::from_str("\"moon_is_full\"").unwrap();
        assert!(matches!(code, FailureCode::Other(_)) && !code.is_retryable() && code.remedy().is_none());
        assert_eq!(serde_json::to_string(&code).unwrap(), "\"moon_is_full\"");
    }
}
