//! How many sessions there really are to be had on the way to a database: of the pooler, the role and the server together.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};

/// How long a session is waited for that should be there.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long the one session too many is waited for: others cannot work meanwhile.
const GLANCE: Duration = Duration::from_millis(500);

/// Between two tries: a session that has just ended still counts for a moment.
const PAUSE: Duration = Duration::from_millis(100);

/// Sessions measured at most.
const MOST: u32 = 64;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Sessions that were asked for: the budget, or 64 if that is less.
    pub wanted: u32,
    /// How many of them were had at once.
    pub got: u32,
    /// What happened to the next one.
    pub beyond: Beyond,
}

/// What happens to a session beyond those that were had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// It waits: the pooler has no more to give.
    Waits,
    /// The server or the pooler refuses it.
    Refused,
    /// It is given: nothing holds the limit.
    Given,
}

/// Opens `wanted` sessions at once, each in a transaction of its own, looks what becomes of one more, and gives all back.
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
        // A connection that breaks here was given back all the same.
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
