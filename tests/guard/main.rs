//! Checks the statements that a running stack has sent to its databases against the limits of RDS Proxy. Runs after the
//! other tests and checks the statements that all of them caused. Run alone, it checks those of one export.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;

use serde_json::json;
use tests::server_log::{Heard, faults, heard, listen};
use tests::{Stack, System};

/// Statements that must be in the log, with a part of their text. If one is missing, the log is incomplete.
const STORE: [(&str, &str); 9] = [
    ("accept", "from sluice.accept("),
    ("dispatch", "sluice.dispatch()"),
    ("lease", "-- Leases chunk"),
    ("note", "as_of"),
    ("record", "set state = 'done'"),
    ("finish", "set status = 'succeeded'"),
    ("status", "-- An export and its progress"),
    ("sweep", "sluice.litter"),
    ("check", "rolconnlimit"),
];
const SOURCE: [(&str, &str); 3] =
    [("begin", "read committed read only"), ("describe", "pg_typeof"), ("copy", "copy (\nselect")];

/// Runs one export, one sweep, one check.
async fn say_something(system: &System) {
    let request = json!({"datasets": ["whole"], "startDate": "2024-01-01", "endDate": "2024-01-02"});
    let id = system.submit(&request).await.unwrap();
    system.wait(id).await.unwrap();
    sweeper::sweep(&system.sweeper()).await;
    system.x(&["admin", "check"]).unwrap();
}

fn count(heard: &[Heard], to_store: bool, piece: &str) -> usize {
    heard.iter().filter(|one| one.to_store == to_store && one.text.contains(piece)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_logged_statement_pins_a_session() {
    let log = Stack::from_env().unwrap().postgres_log;
    let log = Path::new(&log);
    let system = System::get().await;
    let logged = system.texts("select r.rolname::text from pg_roles r, unnest(r.rolconfig) c where r.rolname in ('sluice_source', 'sluice_store') and c = 'log_statement=all'");
    if logged.await.unwrap().len() < 2 {
        listen(system).await.unwrap();
    }
    say_something(system).await;
    let heard = heard(log).unwrap();
    let longest = |to_store| heard.iter().filter(|h| h.to_store == to_store).map(|h| h.text.len()).max();
    println!(
        "{} messages; the longest to the store has {} bytes, to the source {}",
        heard.len(),
        longest(true).unwrap_or_default(),
        longest(false).unwrap_or_default()
    );
    for (to_store, wanted) in [(true, &STORE[..]), (false, &SOURCE[..])] {
        for (what, piece) in wanted {
            assert!(count(&heard, to_store, piece) > 0, "{what} was not heard");
        }
    }
    let faults = faults(&heard);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
