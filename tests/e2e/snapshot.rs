//! Exports whose files all show the same instant, beside transactions that move amounts between their tables.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use export::manifest::Manifest;
use serde_json::{Value, json};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tests::{Exported, System};

use crate::api::{get, post};
use crate::cli::{sluice, succeeded};

const TABLES: [&str; 3] = ["ledger_a", "ledger_b", "ledger_c"];

/// Amount in all accounts of all tables, which no transfer changes.
const TOTAL: i64 = 3 * 300 * 1_000;

/// Writers that move amounts between the tables until they are stopped.
struct Transfers {
    stop: Arc<AtomicBool>,
    writer: tokio::task::JoinHandle<u64>,
}

impl Transfers {
    fn start(system: &System) -> Self {
        let (url, stop) = (system.stack.owner_url.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let writer = tokio::spawn(async move {
            let mut owner = PgConnection::connect(&url).await.unwrap();
            let mut transfers = 0;
            while !stopped.load(Ordering::Relaxed) {
                let (from, to) = (TABLES[transfers as usize % 3], TABLES[(transfers as usize + 1) % 3]);
                let (payer, payee) = (transfers * 7 % 300 + 1, transfers * 11 % 300 + 1);
                let statements = format!(
                    "begin; update e2e.{from} set amount = amount - 5 where id = {payer};
                     update e2e.{to} set amount = amount + 5 where id = {payee}; commit;"
                );
                owner.execute(AssertSqlSafe(statements)).await.unwrap();
                transfers += 1;
            }
            transfers
        });
        Self { stop, writer }
    }

    /// Stops, and returns the number of transfers.
    async fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.writer.await.unwrap()
    }
}

fn request() -> Value {
    json!({"datasets": TABLES, "startDate": "2024-01-01", "endDate": "2024-12-31", "consistency": "snapshot"})
}

fn total(exported: &Exported) -> i64 {
    let amounts = |table: &&str| -> i64 {
        let text = String::from_utf8(exported.records(table).unwrap()).unwrap();
        text.lines().map(|line| line.rsplit(',').next().unwrap().parse::<i64>().unwrap()).sum()
    };
    TABLES.iter().map(amounts).sum()
}

fn show_one_instant(manifest: &Manifest) -> bool {
    let instant = &manifest.consistency.as_ref().unwrap().as_of;
    manifest.datasets.iter().flat_map(|dataset| &dataset.chunks).all(|chunk| chunk.as_of == *instant)
}

#[tokio::test(flavor = "multi_thread")]
async fn sum_over_all_files_is_exact_beside_transfers() {
    let system = System::get().await;
    let transfers = Transfers::start(system);
    // Two of them: they share a cut, or the second waits for its own.
    let (first, second) =
        (system.submit(&request()).await.unwrap(), system.submit(&request()).await.unwrap());
    let exports = [system.fetch(first).await.unwrap(), system.fetch(second).await.unwrap()];
    assert!(transfers.end().await > 0);
    for exported in &exports {
        assert_eq!(total(exported), TOTAL);
        assert!(show_one_instant(&exported.manifest), "{:?}", exported.manifest);
        assert_eq!(exported.manifest.request["consistency"], "snapshot");
    }

    let status = get(&format!("/exports/{first}")).await.body;
    let instant = exports[0].manifest.consistency.as_ref().unwrap();
    assert_eq!(status["snapshot"]["asOf"], json!(instant.as_of));
    assert_eq!(status["snapshot"]["waiting"], false);
    assert!(instant.lsn.is_some() && status["snapshot"]["lsn"] == json!(instant.lsn));
    assert_eq!(status["progress"]["chunks"]["reused"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn command_line_requests_and_verifies_one_instant() {
    let system = System::get().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("files").display().to_string();
    let range = ["--from", "2024-01-01", "--to", "2024-06-30"];
    let export =
        [&["export", "ledger_a", "ledger_b", "--consistency", "snapshot", "--out", &path], &range[..]]
            .concat();
    succeeded(&sluice(system, &export));
    let verified = succeeded(&sluice(system, &["verify", &path]));
    assert!(verified.contains("all files show one instant: 20"), "{verified}");

    let plan = [&["plan", "ledger_a", "--consistency", "snapshot"], &range[..]].concat();
    let plan = succeeded(&sluice(system, &plan));
    let plain = succeeded(&sluice(system, &[&["plan", "ledger_a"], &range[..]].concat()));
    let sessions = |plan: &str| -> u32 {
        let words: Vec<_> = plan.split_whitespace().collect();
        let at = words.iter().position(|word| word.starts_with("session")).unwrap();
        words[at - 1].parse().unwrap()
    };
    assert_eq!(sessions(&plan) + 1, sessions(&plain), "a session that holds the snapshot reads nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_consistency_is_refused() {
    let body = json!({"datasets": ["ledger_a"], "startDate": "2024-01-01", "consistency": "table"});
    let answer = post("/exports", &body).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.body["violations"][0]["pointer"], "/consistency");
}
