//! Operations of an owner on an export.

use std::sync::atomic::{AtomicU32, Ordering};

use export::id::ExportId;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{System, copy_csv, eventually, sorted_records};

use super::{call, get, post};

#[tokio::test]
async fn the_original_request_works_verbatim() {
    // The original was POST /api/v1/Clients. This catalog has `Visits`.
    let answer = post("/Visits", &json!({"startDate": "2023-08-31", "endDate": "2024-08-04"})).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert!(answer.header("location").ends_with(&format!("exports/{}", answer.body["id"].as_str().unwrap())));
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
    let system = System::get().await;
    let exported = system.fetch(answer.body["id"].as_str().unwrap().parse().unwrap()).await.unwrap();
    let expected = copy_csv(&system.stack.owner_url, "select * from e2e.visits").await.unwrap();
    assert_eq!(sorted_records(&exported.records("visits").unwrap()), sorted_records(&expected));
}

#[tokio::test]
async fn columns_filters_and_options_are_applied() {
    let system = System::get().await;
    let request = json!({
        "datasets": [{"name": "visits", "columns": ["name", "id"], "filters": {"score": {"gte": 3, "lt": 6}, "name": {"ne": "visitor 4"}}}],
        "startDate": "2024-01-10", "endDate": "2024-02-09", "compression": "none", "csv": {"delimiter": ";", "null": "NULL", "header": true},
    });
    let id = system.submit(&request).await.unwrap();
    system.wait(id).await.unwrap();
    let files = system.client.files(id, None, true).await.unwrap();
    assert!(files.complete);
    let mut records = Vec::new();
    for file in &files.files {
        assert!(file.name.starts_with("visits.2024") && file.name.ends_with(".csv"), "{}", file.name);
        // A link works without a key.
        let text = reqwest::get(file.link.as_deref().unwrap())
            .await
            .unwrap()
            .error_for_status()
            .unwrap()
            .text()
            .await
            .unwrap();
        records
            .extend(text.strip_prefix("name;id\n").unwrap().lines().map(str::to_owned).collect::<Vec<_>>());
    }
    records.sort();
    let expected = copy_csv(&system.stack.owner_url, "select name, id from e2e.visits where score >= 3 and score < 6 and name <> 'visitor 4' and day between '2024-01-10' and '2024-02-09'").await.unwrap();
    let expected: Vec<_> = sorted_records(&expected)
        .into_iter()
        .map(|r| r.rsplit_once(',').map(|(a, b)| format!("{a};{b}")).unwrap())
        .collect();
    assert!(!expected.is_empty());
    let mut expected = expected;
    expected.sort();
    assert_eq!(records, expected);
}

#[tokio::test]
async fn null_and_list_filters_reach_the_database() {
    let system = System::get().await;
    for (filter, condition) in [
        (json!({"score": null}), "score is null"),
        (json!({"score": [1, 5]}), "score in (1, 5)"),
        (json!({"name": "visitor 7, \"quoted\""}), "id = 7"),
    ] {
        let request = json!({"datasets": [{"name": "visits", "filters": filter}], "startDate": "2024-01-01", "endDate": "2024-12-31"});
        let exported = system.export(&request).await.unwrap();
        let expected =
            copy_csv(&system.stack.owner_url, &format!("select * from e2e.visits where {condition}"))
                .await
                .unwrap();
        assert_eq!(
            sorted_records(&exported.records("visits").unwrap()),
            sorted_records(&expected),
            "{condition}"
        );
    }
}

#[tokio::test]
async fn manifest_lists_empty_and_unranged_datasets() {
    let system = System::get().await;
    let exported = system
        .export(
            &json!({"datasets": ["nothing", "whole"], "startDate": "2024-01-01", "endDate": "2024-01-31"}),
        )
        .await
        .unwrap();
    let [nothing, whole] = &exported.manifest.datasets[..] else { panic!("two datasets") };
    assert_eq!((nothing.rows, nothing.bytes, nothing.chunks[0].file.is_none()), (0, 0, true));
    assert_eq!(nothing.head.columns.len(), 2);
    assert_eq!(whole.chunks[0].range.of, "all");
    assert_eq!(
        String::from_utf8(exported.records("whole").unwrap()).unwrap(),
        "1,label 1\n2,label 2\n3,\n4,label 4\n5,label 5\n"
    );
}

#[tokio::test]
async fn export_reports_status_progress_and_usage() {
    let system = System::get().await;
    let id = system
        .submit(&json!({"datasets": ["visits"], "startDate": "2024-01-01", "endDate": "2024-03-31"}))
        .await
        .unwrap();
    system.fetch(id).await.unwrap();
    let answer = get(&format!("/exports/{id}")).await;
    assert_eq!(
        (answer.body["status"].as_str(), answer.body["progress"]["percent"].as_f64()),
        (Some("succeeded"), Some(100.0))
    );
    let chunks = system.client.chunks(id, None).await.unwrap();
    let usage = chunks.chunks[0].usage.as_ref().expect("a chunk that is done has its usage");
    assert!(usage.peak_memory_bytes > 1 << 20, "{usage:?}");
    let listed = get("/exports?status=succeeded&limit=100").await;
    assert!(listed.body["exports"].as_array().unwrap().iter().any(|e| e["id"] == id.to_string()));
    assert_eq!(get("/exports?limit=1").await.body["exports"].as_array().unwrap().len(), 1);
}

/// Row of `slow` that is read for half a minute, so that its export still runs when a busy machine deletes it.
pub(crate) struct SlowRow {
    id: u32,
    day: String,
}

impl SlowRow {
    /// Adds a row with a day of its own.
    pub(crate) async fn add(system: &System) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let row = Self { id: 310_600 + number, day: format!("2031-06-{number:02}") };
        let values = format!("{}, '{}', 'asleep', 30", row.id, row.day);
        system.run(&format!("insert into e2e.slow values ({values})")).await.unwrap();
        row
    }

    /// Returns the request for the row alone.
    pub(crate) fn request(&self) -> Value {
        json!({"datasets": ["slow"], "startDate": self.day, "endDate": self.day})
    }

    /// Waits until a worker reads the row, and removes it from the table, where others would read it as well.
    pub(crate) async fn remove_when_read(&self, system: &System) {
        let reading = format!(
            "select count(*) from pg_stat_activity where usename = 'sluice_source' and wait_event = 'PgSleep'
             and query ilike 'copy%' and query like '%{}%'",
            self.day
        );
        eventually("the row is read", async || system.number(&reading).await.unwrap() == 1).await;
        system.run(&format!("delete from e2e.slow where id = {}", self.id)).await.unwrap();
    }
}

/// Submits an export that still runs when it is deleted.
pub(crate) async fn slow(system: &System) -> ExportId {
    let row = SlowRow::add(system).await;
    let id = system.submit(&row.request()).await.unwrap();
    row.remove_when_read(system).await;
    id
}

#[tokio::test]
async fn delete_cancels_live_exports_and_removes_ended_ones() {
    let system = System::get().await;
    let key = Some(system.stack.key.as_str());
    let id = slow(system).await;
    let path = format!("/exports/{id}");
    let canceled = call(Method::DELETE, &path, key, &[], None).await;
    assert_eq!((canceled.status.as_u16(), canceled.body["status"].as_str()), (202, Some("canceled")));
    assert_eq!(post(&format!("{path}/retry"), &json!({})).await.status, 409);
    assert_eq!(call(Method::DELETE, &path, key, &[], None).await.status, 204);
    assert_eq!(get(&path).await.status, 404);
    assert_eq!(call(Method::DELETE, &path, key, &[], None).await.status, 404);
}

#[tokio::test]
async fn precondition_keeps_a_cancel_from_deleting() {
    let system = System::get().await;
    let key = Some(system.stack.key.as_str());
    let id = slow(system).await;
    let delete =
        async |query: &str| call(Method::DELETE, &format!("/exports/{id}{query}"), key, &[], None).await;
    let refused = delete("?if=ended").await;
    assert_eq!(refused.status, 409);
    assert!(refused.body["detail"].as_str().unwrap().contains("can be deleted"), "{}", refused.body);
    assert_eq!(delete("?if=live").await.status, 202);
    let again = delete("?if=live").await;
    assert_eq!(
        (again.status.as_u16(), again.body["type"].as_str()),
        (409, Some("/api/v1/problems/wrong-state"))
    );
    assert!(again.body["detail"].as_str().unwrap().contains("it is canceled"), "{}", again.body);
    assert_eq!(delete("?if=gone").await.status, 400);
    assert_eq!(get(&format!("/exports/{id}")).await.status, 200, "its files are kept");
    assert_eq!(delete("?if=ended").await.status, 204);
    assert_eq!(delete("?if=live").await.status, 404);
}

#[tokio::test]
async fn an_idempotency_key_replays() {
    let system = System::get().await;
    let key = Some(system.stack.key.as_str());
    let send = |token: &'static str, day: &str| {
        let body = json!({"datasets": ["visits"], "startDate": "2024-01-01", "endDate": day}).to_string();
        async move {
            call(
                Method::POST,
                "/exports",
                key,
                &[("content-type", "application/json"), ("idempotency-key", token)],
                Some(&body),
            )
            .await
        }
    };
    let first = send("e2e replay", "2024-01-05").await;
    let second = send("e2e replay", "2024-01-05").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (202, 202), "{} {}", first.body, second.body);
    assert_eq!(first.body["id"], second.body["id"]);
    assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), ("", "true"));
    assert_eq!(send("e2e replay", "2024-01-06").await.status, 422);
}

#[tokio::test]
async fn dry_run_stores_nothing() {
    let system = System::get().await;
    let before = system
        .number("select count(*) from sluice.export where request::text like '%2019-01-01%'")
        .await
        .unwrap();
    let plan = post(
        "/exports?dryRun=true",
        &json!({"datasets": ["visits", "orders"], "startDate": "2019-01-01", "endDate": "2024-12-31"}),
    )
    .await;
    assert_eq!(plan.status, 200, "{}", plan.body);
    let orders = &plan.body["datasets"][1];
    let rows = orders["rows"].as_u64().unwrap();
    assert!((750_000..1_250_000).contains(&rows), "{}", plan.body);
    assert_eq!(
        system
            .number("select count(*) from sluice.export where request::text like '%2019-01-01%'")
            .await
            .unwrap(),
        before
    );
}

#[tokio::test]
async fn datasets_are_described() {
    let list = get("/datasets").await;
    let names: Vec<_> = list.body["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "altered", "checked", "erased", "grown", "ledger_a", "ledger_b", "ledger_c", "listed", "noisy",
            "notes", "nothing", "orders", "poison", "recent", "settled", "slow", "synced", "together",
            "visits", "whole"
        ]
    );
    let orders = get("/datasets/ORDERS").await;
    assert_eq!(orders.body["range"]["column"], "created_at");
    assert_eq!(get("/datasets/unknown").await.status, 404);
}

#[tokio::test]
async fn health_needs_no_key() {
    assert_eq!(call(Method::GET, "/health", None, &[], None).await.status, 200);
}
