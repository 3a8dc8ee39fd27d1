//! Conditions that hold chunks back: the load of the source, and faults of the deployment under which no chunk can
//! succeed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Condition that holds chunks back. None of them is a property of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Too many sessions of roles other than the source role run a statement.
    ActiveSessions,
    /// The standby is too far behind its primary.
    ReplicaLag,
    /// The source cannot be reached, is starting or is stopping.
    SourceUnavailable,
    /// The source or its pooler rejects the login.
    SourceLogin,
    /// The source or its pooler has no free session.
    SourceFull,
    /// The server or its pooler ends sessions that are in use.
    SourceSessionTimeout,
    /// The worker has no usable URL of the source.
    SourceUrl,
    /// The bucket throttles requests.
    StorageThrottled,
    /// The bucket cannot be reached.
    StorageUnavailable,
    /// The bucket does not exist, or the worker's role may not write to it.
    StorageDenied,
    /// The store could not be reached while the chunk was read.
    StoreUnavailable,
    /// Messages were sent several times, and no worker leased a chunk.
    NoWorker,
}

impl Signal {
    /// All signals.
    pub const ALL: [Self; 12] = [
        Self::ActiveSessions,
        Self::ReplicaLag,
        Self::SourceUnavailable,
        Self::SourceLogin,
        Self::SourceFull,
        Self::SourceSessionTimeout,
        Self::SourceUrl,
        Self::StorageThrottled,
        Self::StorageUnavailable,
        Self::StorageDenied,
        Self::StoreUnavailable,
        Self::NoWorker,
    ];

    /// Returns the word used in the store and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActiveSessions => "active_sessions",
            Self::ReplicaLag => "replica_lag",
            Self::SourceUnavailable => "source_unavailable",
            Self::SourceLogin => "source_login",
            Self::SourceFull => "source_full",
            Self::SourceSessionTimeout => "source_session_timeout",
            Self::SourceUrl => "source_url",
            Self::StorageThrottled => "storage_throttled",
            Self::StorageUnavailable => "storage_unavailable",
            Self::StorageDenied => "storage_denied",
            Self::StoreUnavailable => "store_unavailable",
            Self::NoWorker => "no_worker",
        }
    }
}

/// Condition of the deployment that stopped an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Kind of the condition.
    pub signal: Signal,
    /// Description of the condition and its remedy, for people.
    pub reason: String,
}

impl From<Excess> for Hold {
    fn from(excess: Excess) -> Self {
        Self { signal: excess.signal, reason: excess.to_string() }
    }
}

impl FromStr for Signal {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|signal| signal.as_str() == word)
            .ok_or_else(|| format!("unknown signal {word}"))
    }
}

/// Limits of the source's load while chunks are read from it. Zero means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadLimits {
    /// Maximum number of active sessions of other roles.
    pub active_sessions: u64,
    /// Maximum number of seconds that a standby may be behind.
    pub replica_lag_secs: u64,
}

/// Load of the source; `None` if it was not queried or cannot be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Number of active sessions of other roles.
    pub active_sessions: Option<u64>,
    /// Milliseconds that a standby is behind; absent on a primary.
    pub replica_lag_ms: Option<u64>,
}

/// Exceeded limit. Sessions, or seconds rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Signal of the limit.
    pub signal: Signal,
    /// Measured value.
    pub seen: u64,
    /// Allowed value.
    pub allowed: u64,
}

impl LoadLimits {
    /// Returns true if no limit is set.
    pub fn is_off(self) -> bool {
        self.active_sessions == 0 && self.replica_lag_secs == 0
    }

    /// Returns the first limit that the load exceeds. A value that cannot be known holds nothing back.
    pub fn excess(self, load: &Load) -> Option<Excess> {
        let over = |signal, seen: Option<u64>, allowed| {
            let seen = seen.filter(|seen| allowed > 0 && *seen > allowed)?;
            Some(Excess { signal, seen, allowed })
        };
        let lag_secs = load.replica_lag_ms.map(|ms| ms.div_ceil(1000));
        over(Signal::ActiveSessions, load.active_sessions, self.active_sessions)
            .or_else(|| over(Signal::ReplicaLag, lag_secs, self.replica_lag_secs))
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seen, allowed, .. } = self;
        if self.signal == Signal::ReplicaLag {
            return write!(
                f,
                "the source is a standby {seen} s behind its primary, above the limit of {allowed} s (MaxReplicaLagSeconds)"
            );
        }
        write!(
            f,
            "{seen} other sessions are active at the source, above the limit of {allowed} (MaxActiveSessions)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exceeded_limits_cause_a_back_off() {
        let limits = LoadLimits { active_sessions: 10, replica_lag_secs: 5 };
        let load = |sessions, lag_ms| Load { active_sessions: Some(sessions), replica_lag_ms: Some(lag_ms) };
        assert_eq!(limits.excess(&load(10, 5_000)), None);
        let sessions = limits.excess(&load(11, 9_000)).unwrap();
        assert_eq!((sessions.signal, sessions.seen, sessions.allowed), (Signal::ActiveSessions, 11, 10));
        let lag = limits.excess(&load(0, 5_001)).unwrap();
        assert_eq!((lag.signal, lag.seen, lag.allowed), (Signal::ReplicaLag, 6, 5));
        assert!(lag.to_string().contains("6 s behind") && lag.to_string().contains("MaxReplicaLagSeconds"));
        assert_eq!(LoadLimits::default().excess(&load(1_000, 1_000_000)), None);
        assert_eq!(limits.excess(&Load::default()), None, "what cannot be known holds nothing back");
    }

    #[test]
    fn signals_have_one_spelling() {
        for signal in Signal::ALL {
            assert_eq!(signal.as_str().parse(), Ok(signal));
            assert_eq!(
                serde_json::to_string(&signal).unwrap(),
                format!("\"{signal}\"", signal = signal.as_str())
            );
        }
    }
}
