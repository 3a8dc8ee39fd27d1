//! Faults, on the real stack: processes die, messages are lost, parts restart, the schema changes. After each, the
//! export is exactly right.
//!
//! The tests take turns, because each of them may disturb everything else that runs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod asleep;
mod caches;
mod catalog;
mod chaos;
mod crashes;
mod dead_workers;
mod deliveries;
mod ends;
mod flood;
mod grown;
mod load;
mod messages;
mod outages;
mod pause;
mod schema;
mod stampede;

use export::id::ExportId;
use ports::objects::Objects;
use serde_json::{Value, json};
use tests::{Exported, System, copy_csv, eventually, sorted_records};
use tokio::sync::{Mutex, MutexGuard};

static TURN: Mutex<()> = Mutex::const_new(());

/// Returns the system, for one test at a time.
pub(crate) async fn turn() -> (&'static System, MutexGuard<'static, ()>) {
    let guard = TURN.lock().await;
    (System::get().await, guard)
}

/// Returns a request for an export of `slow`: a few seconds of COPY.
pub(crate) fn slow(days: u32) -> Value {
    json!({"datasets": ["slow"], "startDate": "2024-01-01", "endDate": format!("2024-01-{days:02}")})
}

/// Checks that the export's records are exactly the rows of `query`.
pub(crate) async fn assert_exact(system: &System, exported: &Exported, dataset: &str, query: &str) {
    let expected = copy_csv(&system.stack.owner_url, query).await.unwrap();
    assert_eq!(sorted_records(&exported.records(dataset).unwrap()), sorted_records(&expected));
}

/// Checks that the bucket holds only those files of the export's chunks that the manifest names.
pub(crate) async fn assert_nothing_else(system: &System, exported: &Exported) {
    sweeper::sweep(&system.sweeper()).await;
    let objects = system.objects();
    for chunk in exported.manifest.datasets.iter().flat_map(|dataset| &dataset.chunks) {
        let prefix = format!("t/{}/c/{}/", exported.manifest.tenant, chunk.id);
        let named: Vec<_> = chunk.file.iter().map(|f| f.key.clone()).collect();
        assert_eq!(objects.list(&prefix, None).await.unwrap().keys, named);
        assert_eq!(objects.abort_uploads(&prefix).await.unwrap(), 0);
    }
}

pub(crate) const SLOW: &str = "select id, day, body from e2e.slow where day <= '2024-01-02'";

/// Waits until a chunk of the export is being read.
pub(crate) async fn until_running(system: &System, id: ExportId) {
    until(system, id, "c.state = 'running' and c.as_of is not null").await;
}

/// Waits until a chunk of the export meets the condition.
pub(crate) async fn until(system: &System, id: ExportId, condition: &str) {
    let query = format!(
        "select count(*) from sluice.link l join sluice.chunk c on c.id = l.chunk_id where l.export_id = '{id}' and {condition}"
    );
    let what = format!("a chunk of {id} comes to {condition}");
    eventually(&what, async || system.number(&query).await.unwrap() > 0).await;
}

/// Kills every worker of the stack with SIGKILL.
pub(crate) fn kill_workers(system: &System) {
    let pids = system.processes("worker").unwrap();
    assert!(!pids.is_empty(), "the stack's workers are found");
    for pid in pids {
        // The process may have ended already.
        let _ = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
    }
}

/// Sweeps until the export has ended, as the schedule would.
pub(crate) async fn sweep_until_ended(system: &System, id: ExportId) -> Exported {
    let sweeper = async {
        loop {
            sweeper::sweep(&system.sweeper()).await;
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
    };
    tokio::select! {
        fetched = system.fetch(id) => fetched.unwrap(),
        () = sweeper => unreachable!("it never ends"),
    }
}
