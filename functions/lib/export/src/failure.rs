//! Failure of an attempt, and the wait before the next one.

mod code;

pub use code::{FailureCode, OtherCode};

use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// Reason why an attempt ended without a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// One word for machines, such as `schema_changed` or `source_unavailable`.
    pub code: FailureCode,
    /// Description of the failure and its remedy, for people. It never holds a row value.
    pub message: String,
    /// True if another attempt may succeed.
    pub again: bool,
}

impl Failure {
    /// Returns a failure that is retried as its code says.
    pub fn new(code: impl Into<FailureCode>, message: impl Into<String>) -> Self {
        let code = code.into();
        Self { again: code.is_retryable(), code, message: message.into() }
    }

    /// Returns the same with the remedy of the code after the message, if it has one.
    pub fn with_remedy(code: FailureCode, what: &impl Display) -> Self {
        let message = code.remedy().map_or_else(|| what.to_string(), |remedy| format!("{what}; {remedy}"));
        Self::new(code, message)
    }
}

/// Attempts after which an *again* failure is final.
pub const MAX_FAILURES: u32 = 8;

/// Seconds before a chunk is due again after its `failures`-th failure (from 1): 2, 4, 8 … at most 300.
pub fn backoff_secs(failures: u32) -> u64 {
    2u64.saturating_pow(failures.clamp(1, 16)).min(300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_wait_grows_and_is_bounded() {
        assert_eq!([1, 2, 3, 8, 100].map(backoff_secs), [2, 4, 8, 256, 300]);
    }

    #[test]
    fn a_failure_of_another_release_is_read_and_shown_unchanged() {
        let json = r#"{"code":"moon_is_full","message":"wait","again":true}"#;
        let failure: Failure = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&failure).unwrap(), json);
    }
}
