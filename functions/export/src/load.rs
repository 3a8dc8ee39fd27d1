//! What holds chunks back: the load of the source, and conditions of the deployment under which no chunk can succeed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Condition that holds chunks back. None of them says anything about a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Sessions of others than the source role that run a statement.
    ActiveSessions,
    /// How far a standby is behind its primary.
    ReplicaLag,
    /// The source cannot be reached, starts or stops.
    SourceUnavailable,
    /// The source or its pooler refuses the login.
    SourceLogin,
    /// The source or its pooler has no session to give.
    SourceFull,
    /// The server or its pooler ends sessions that are in use.
    SourceSessionTimeout,
    /// The worker has no usable URL of the source.
    SourceUrl,
    /// The bucket asks to slow down.
    StorageThrottled,
    /// The bucket cannot be reached.
    StorageUnavailable,
    /// The bucket does not exist, or the worker's role may not write to it.
    StorageDenied,
    /// The store could not be reached while the chunk was read.
    StoreUnavailable,
    /// Messages were sent several times, and no worker took a chunk.
    NoWorker,
}

impl Signal {
    /// All of them.
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

    /// The word used in the store and in JSON.
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

/// A condition of the deployment that an attempt met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which one.
    pub signal: Signal,
    /// What was met and what to do, for people.
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

/// What the source may bear while chunks are read from it. Zero is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadLimits {
    /// Sessions of others that may be active.
    pub active_sessions: u64,
    /// Seconds that a standby may be behind.
    pub replica_lag_secs: u64,
}

/// The source's load; `None` where it was not asked for or cannot be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Sessions of others that are active.
    pub active_sessions: Option<u64>,
    /// Milliseconds that a standby is behind; absent on a primary.
    pub replica_lag_ms: Option<u64>,
}

/// A limit that is exceeded. Sessions, or seconds rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Which one.
    pub signal: Signal,
    /// What was seen.
    pub seen: u64,
    /// What is allowed.
    pub allowed: u64,
}

impl LoadLimits {
    /// Whether there is anything to look at.
    pub fn is_off(self) -> bool {
        self.active_sessions == 0 && self.replica_lag_secs == 0
    }

    /// The first limit that the load exceeds. What cannot be known holds nothing back.
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
                "the source is a standby {seen} s behind its primary, more than {allowed} s (MaxReplicaLagSeconds)"
            );
        }
        write!(
            f,
            "{seen} sessions of others are active at the source, more than {allowed} (MaxActiveSessions)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_limit_that_is_set_and_exceeded_holds_back() {
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
    fn signals_have_one_word() {
        for signal in Signal::ALL {
            assert_eq!(signal.as_str().parse(), Ok(signal));
            assert_eq!(
                serde_json::to_string(&signal).unwrap(),
                format!("\"{signal}\"", signal = signal.as_str())
            );
        }
    }
}
