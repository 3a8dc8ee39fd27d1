//! Number of sessions that can be opened at once, whatever limits them: pooler, role or server.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};

/// Maximum wait for a session within the budget.
const PATIENCE: Duration = Duration::from_secs(3);

/// Maximum wait for the one session beyond the budget: other clients cannot work meanwhile.
const GLANCE: Duration = Duration::from_millis(500);

/// Pause between two tries: a session that has just ended still counts for a moment.
const PAUSE: Duration = Duration::from_millis(100);

/// Maximum number of sessions that are measured.
const MOST: u32 = 64;

/// Result of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Number of sessions requested: the budget, or 64 if that is less.
    pub wanted: u32,
    /// Number of them that were open at once.
    pub got: u32,
    /// Outcome of the next one.
    pub beyond: Beyond,
}

/// Outcome of opening one session more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// The session has to wait: the pooler has none free.
    Waits,
    /// The server or the pooler refuses the session.
    Refused,
    /// The session is opened: the limit is not enforced.
    Given,
}

/// Opens `wanted` sessions at once, each in a transaction of its own, tries to open one more, and closes all.
pub(crate) async fn measure(options: &PgConnectOptions, wanted: u32) -> Room {
    let wanted = wanted.min(MOST);
    let (mut held, mut beyond) = (Vec::new(), Beyond::Given);
    while held.len() <= wanted as usize {
        let patience = if held.len() < wanted as usize { PATIENCE } else { GLANCE };
        match one(options, patience).await {
            Ok(connection) => held.push(connection),
            Err(why) => {
                beyond = why;
                break;
            }
        }
    }
    let got = u32::try_from(held.len()).unwrap_or(u32::MAX).min(wanted);
    for mut connection in held {
        // A connection that breaks here is released all the same.
        let _ = connection.execute("rollback").await;
        let _ = connection.close().await;
    }
    Room { wanted, got, beyond }
}

async fn one(options: &PgConnectOptions, patience: Duration) -> Result<PgConnection, Beyond> {
    let give_up = Instant::now() + patience;
    loop {
        let left = give_up.saturating_duration_since(Instant::now());
        let begun = async {
            let mut connection = options.connect().await?;
            connection.execute("begin read only").await?;
            Ok::<_, sqlx::Error>(connection)
        };
        match tokio::time::timeout(left, begun).await {
            Ok(Ok(connection)) => return Ok(connection),
            Err(_) => return Err(Beyond::Waits),
            Ok(Err(_)) if Instant::now() + PAUSE >= give_up => return Err(Beyond::Refused),
            Ok(Err(_)) => tokio::time::sleep(PAUSE).await,
        }
    }
}
