//! States of chunks and exports and outcomes of attempts: the words that the store keeps and JSON shows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// States of a chunk. `due → sent → running → done | failed | split | dying`; see
/// `functions/lib/store/README.md` for the statement and the lock of every transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChunkState {
    /// Waits for its turn.
    Due,
    /// A message for it is in the queue.
    Sent,
    /// A worker holds its lease.
    Running,
    /// Its file is recorded.
    Done,
    /// It is not tried again.
    Failed,
    /// Its children replace it.
    Split,
    /// No export needs it; it is being deleted.
    Dying,
}

/// States of an export: `queued → running → succeeded | failed | canceled → expired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ExportStatus {
    /// The export is accepted; no chunk has started.
    Queued,
    /// At least one chunk has started.
    Running,
    /// The export is complete and has a manifest.
    Succeeded,
    /// At least one chunk could not be exported.
    Failed,
    /// The owner canceled it.
    Canceled,
    /// Its files are deleted.
    Expired,
}

/// Outcome of an attempt. A word that a newer release wrote is read as `Unknown`, so that a list of chunks with it stays
/// readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", from = "String")]
pub enum AttemptOutcome {
    /// Its file is recorded.
    Done,
    /// It failed, and the chunk is retried.
    Again,
    /// It failed, and the chunk with it.
    Failed,
    /// Its chunk was split.
    Split,
    /// Its worker stopped to renew the lease.
    Lost,
    /// No export needed its chunk any more.
    Canceled,
    /// A condition of the deployment stopped it; the chunk is not charged.
    BackedOff,
    /// It found that the file of an earlier chunk is unchanged, and linked that file.
    Unchanged,
    /// An outcome that this release does not know. It is never written.
    Unknown,
}

impl From<String> for AttemptOutcome {
    fn from(word: String) -> Self {
        word.parse().unwrap_or(Self::Unknown)
    }
}

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// Returns the word used in the store and in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    other => Err(format!("unknown status {other}; use one of {}", [$($word),+].join(", "))),
                }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(ChunkState {
    Due = "due",
    Sent = "sent",
    Running = "running",
    Done = "done",
    Failed = "failed",
    Split = "split",
    Dying = "dying",
});
words!(ExportStatus {
    Queued = "queued",
    Running = "running",
    Succeeded = "succeeded",
    Failed = "failed",
    Canceled = "canceled",
    Expired = "expired",
});

words!(AttemptOutcome {
    Done = "done",
    Again = "again",
    Failed = "failed",
    Split = "split",
    Lost = "lost",
    Canceled = "canceled",
    BackedOff = "backed_off",
    Unchanged = "unchanged",
    Unknown = "unknown",
});

impl ExportStatus {
    /// Returns true if chunks may still run for the export.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_states_have_one_spelling() {
        for state in [ChunkState::Due, ChunkState::Dying] {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        }
        for outcome in [AttemptOutcome::Done, AttemptOutcome::BackedOff] {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
            assert_eq!(serde_json::to_string(&outcome).unwrap(), format!("\"{outcome}\""));
            assert_eq!(serde_json::from_str::<AttemptOutcome>(&format!("\"{outcome}\"")).unwrap(), outcome);
        }
        assert_eq!(serde_json::from_str::<AttemptOutcome>("\"paused\"").unwrap(), AttemptOutcome::Unknown);
    }
}
