//! A COPY that returns no row and sleeps for longer than the test takes. If it is gone soon, it was terminated: it
//! neither finished nor failed to send a row.

use std::time::{Duration, Instant};

use export::id::ExportId;
use serde_json::{Value, json};
use tests::{System, eventually};

use crate::until_running;

/// Below `statement_timeout` of the source role, WorkerTimeoutSeconds of the test stack, which would end it as well.
const ASLEEP: Duration = Duration::from_secs(50);

/// Far more than the time to detect a closed client, and far less than a COPY sleeps.
const SOON: Duration = Duration::from_secs(25);

/// Number of the row that is slow to read.
const ID: u32 = 200_001;

/// Query of the only row of a day.
pub(crate) const ROW: &str = "select id, day, body from e2e.slow where day = '2024-01-05'";

/// Counts COPYs of that day that have begun to read and so have their snapshot.
const COPIES: &str = "from pg_stat_activity where usename = 'sluice_source' and wait_event = 'PgSleep' \
    and query ilike 'copy%' and query like '%2024-01-05%'";

/// An attempt that reads the row.
pub(crate) struct Reading {
    pid: i64,
    seen: Instant,
}

/// Adds the row to `slow`. Returns a request for it alone.
pub(crate) async fn add(system: &System) -> Value {
    // It may be left over from a failed test.
    remove(system).await;
    let row = format!("insert into e2e.slow values ({ID}, '2024-01-05', 'asleep', {})", ASLEEP.as_secs());
    system.run(&row).await.unwrap();
    json!({"datasets": ["slow"], "startDate": "2024-01-05", "endDate": "2024-01-05"})
}

/// Makes reads that begin from now on return the row at once.
pub(crate) async fn wake(system: &System) {
    system.run(&format!("update e2e.slow set secs = 0 where id = {ID}")).await.unwrap();
}

/// Removes the row.
pub(crate) async fn remove(system: &System) {
    system.run(&format!("delete from e2e.slow where id = {ID}")).await.unwrap();
}

impl Reading {
    /// Waits until the export's COPY sleeps. That of the next attempt does not.
    pub(crate) async fn of(system: &System, id: ExportId) -> Self {
        until_running(system, id).await;
        let count = format!("select count(*) {COPIES}");
        eventually("one COPY sleeps", async || system.number(&count).await.unwrap() == 1).await;
        let seen = Instant::now();
        let pid = system.number(&format!("select pid::bigint {COPIES}")).await.unwrap();
        wake(system).await;
        Self { pid, seen }
    }

    /// Waits until its session is gone, long before it would wake up.
    pub(crate) async fn has_ended(self, system: &System) {
        let there = format!("select count(*) {COPIES} and pid = {}", self.pid);
        loop {
            let asked = self.seen.elapsed();
            if system.number(&there).await.unwrap() == 0 {
                return;
            }
            assert!(asked < SOON, "the COPY of a worker that is gone, or wants no more of it, goes on");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
