//! Failure of an attempt, and the wait before the next one.

use serde::{Deserialize, Serialize};

/// Reason why an attempt ended without a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// One word for machines, such as `schema_changed` or `source_unavailable`.
    pub code: String,
    /// Description of the failure and its remedy, for people. It never holds a row value.
    pub message: String,
    /// True if another attempt may succeed.
    pub again: bool,
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
}
