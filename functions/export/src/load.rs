//! The load of the source: what tells that it has no room for another COPY now.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Sessions of others than the source role that run a statement.
    ActiveSessions,
    /// How far a standby is behind its primary.
    ReplicaLag,
}

impl Signal {
    /// The word used in the store and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActiveSessions => "active_sessions",
            Self::ReplicaLag => "replica_lag",
        }
    }
}

impl FromStr for Signal {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "active_sessions" => Ok(Self::ActiveSessions),
            "replica_lag" => Ok(Self::ReplicaLag),
            other => Err(format!("unknown signal {other}")),
        }
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
        match self.signal {
            Signal::ActiveSessions => {
                write!(
                    f,
                    "{seen} sessions of others are active at the source, more than {allowed} (MaxActiveSessions)"
                )
            }
            Signal::ReplicaLag => write!(
                f,
                "the source is a standby {seen} s behind its primary, more than {allowed} s (MaxReplicaLagSeconds)"
            ),
        }
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
        for signal in [Signal::ActiveSessions, Signal::ReplicaLag] {
            assert_eq!(signal.as_str().parse(), Ok(signal));
            assert_eq!(
                serde_json::to_string(&signal).unwrap(),
                format!("\"{signal}\"", signal = signal.as_str())
            );
        }
    }
}
