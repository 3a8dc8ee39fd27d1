//! The same data is never read from the database twice. PostgreSQL itself counts the statements of the source role and
//! the rows returned by its COPYs.

mod erased;
mod idempotency;
mod unchanged;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{System, copy_csv, eventually, sorted_records};
use tokio::sync::OnceCell;

use crate::api::{ApiResponse, call, get};

/// Work of the source role on a table so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    /// Statements that name the table, except for the sweeper's planner queries.
    pub(crate) statements: i64,
    /// Rows returned by COPYs of the table.
    pub(crate) rows: i64,
}

impl Work {
    pub(crate) async fn of(system: &System, table: &str) -> Self {
        static EXTENSION: OnceCell<()> = OnceCell::const_new();
        let create =
            || async { system.run("create extension if not exists pg_stat_statements").await.unwrap() };
        EXTENSION.get_or_init(create).await;
        let count = |what: &str| {
            format!(
                "select coalesce(sum({what}), 0)::bigint from pg_stat_statements s join pg_roles r on r.oid = s.userid \
                 where r.rolname = 'sluice_source' and s.query not ilike 'explain%' \
                   and (s.query like '%\"e2e\".\"{table}\"%' or s.query like '%e2e.{table} %')"
            )
        };
        let statements = system.number(&count("s.calls")).await.unwrap();
        let rows = system.number(&format!("{} and s.query ilike 'copy%'", count("s.rows"))).await.unwrap();
        Self { statements, rows }
    }

    /// Returns the rows read since then.
    async fn rows_since(self, system: &System, table: &str) -> i64 {
        Self::of(system, table).await.rows - self.rows
    }
}

fn request(dataset: &str, start: &str, end: &str) -> Value {
    json!({"datasets": [dataset], "startDate": start, "endDate": end})
}

async fn post(body: &Value, headers: &[(&str, &str)]) -> ApiResponse {
    let key = &System::get().await.stack.key;
    let headers = [&[("content-type", "application/json")], headers].concat();
    call(Method::POST, "/exports", Some(key), &headers, Some(&body.to_string())).await
}

/// Submits with these headers, waits, and compares the records with the table's.
async fn exact(body: &Value, headers: &[(&str, &str)], query: &str) -> Value {
    let system = System::get().await;
    let answer = post(body, headers).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let exported = system.fetch(answer.body["id"].as_str().unwrap().parse().unwrap()).await.unwrap();
    let expected = copy_csv(&system.stack.owner_url, query).await.unwrap();
    let dataset = body["datasets"][0].as_str().unwrap();
    assert_eq!(sorted_records(&exported.records(dataset).unwrap()), sorted_records(&expected));
    answer.body
}

#[tokio::test]
async fn settled_rows_are_read_once_and_only_new_days_later() {
    let system = System::get().await;
    let whole = "select * from e2e.settled where day between '2024-01-05' and '2024-02-10'";
    let body = request("settled", "2024-01-05", "2024-02-10");
    let before = Work::of(system, "settled").await;
    exact(&body, &[], whole).await;
    assert_eq!(before.rows_since(system, "settled").await, 3700);

    // Repeated: no statement at all, and the first response reports success.
    let before = Work::of(system, "settled").await;
    let answer = post(&body, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.body["status"].as_str()), (202, Some("succeeded")));
    let chunks = &answer.body["progress"]["chunks"];
    assert_eq!(chunks["reused"], chunks["total"], "{}", answer.body);
    assert_eq!(Work::of(system, "settled").await, before);

    // The manifest reports reuse and the age of the data.
    let id = answer.body["id"].as_str().unwrap();
    let exported = system.fetch(id.parse().unwrap()).await.unwrap();
    let manifest = &exported.manifest.datasets[0].chunks;
    assert!(manifest.iter().all(|c| c.reused && c.as_of < exported.manifest.accepted_at));
    let oldest = manifest.iter().map(|c| c.as_of.clone()).min();
    assert_eq!(answer.body["progress"]["oldestAsOf"].as_str(), oldest.as_deref());
    let listed = get(&format!("/exports/{id}/chunks")).await;
    for chunk in listed.body["chunks"].as_array().unwrap() {
        assert!(chunk["reused"] == true && chunk["asOf"].is_string(), "{chunk}");
    }

    // A day longer, and a part: only the new day is read, or nothing.
    let before = Work::of(system, "settled").await;
    let day_later = "select * from e2e.settled where day between '2024-01-05' and '2024-02-11'";
    exact(&request("settled", "2024-01-05", "2024-02-11"), &[], day_later).await;
    assert_eq!(before.rows_since(system, "settled").await, 100);

    // Read again if the caller requires it.
    let before = Work::of(system, "settled").await;
    exact(&body, &[("cache-control", "max-age=3600")], whole).await;
    assert_eq!(before.rows_since(system, "settled").await, 0);
    exact(&body, &[("cache-control", "no-cache")], whole).await;
    assert_eq!(before.rows_since(system, "settled").await, 3700);
    // Rows that are too old are not read again either if the source shows that it is unchanged.
    exact(&body, &[("cache-control", "max-age=0")], whole).await;
    assert_eq!(before.rows_since(system, "settled").await, 3700);
    // A row that was written meanwhile is found.
    system.run("update e2e.settled set id = id where day = '2024-01-05'").await.unwrap();
    exact(&body, &[("cache-control", "max-age=0")], whole).await;
    assert_eq!(before.rows_since(system, "settled").await, 7400);
}

#[tokio::test]
async fn unsettled_ranges_are_read_again_with_late_rows() {
    let system = System::get().await;
    let days = system.texts("select (current_date - d)::text from unnest(array[10, 0]) d").await.unwrap();
    let body = request("recent", &days[0], &days[1]);
    let before = Work::of(system, "recent").await;
    exact(&body, &[], "select * from e2e.recent").await;
    assert_eq!(before.rows_since(system, "recent").await, 1100);
    // Rows of yesterday may still arrive, as the catalog declares; those of the day before may not.
    system.run("insert into e2e.recent values (2000, current_date - 1, 'late')").await.unwrap();
    let before = Work::of(system, "recent").await;
    let answer = exact(&body, &[], "select * from e2e.recent").await;
    assert_eq!(before.rows_since(system, "recent").await, 201, "yesterday with its late row, and today");
    assert_ne!(answer["status"], "succeeded");
}

#[tokio::test]
async fn concurrent_exports_read_every_settled_row_once() {
    let system = System::get().await;
    let before = Work::of(system, "together").await;
    let query = |last: &str| format!("select * from e2e.together where day <= '{last}'");
    let body = request("together", "2024-01-01", "2024-01-20");
    let (first, second) = (query("2024-01-20"), query("2024-01-20"));
    let others = async {
        // While the first runs, one requests the same and one requests more: they share its chunks as they finish, and
        // the rest is read. Other tests use the same workers, so it may take long to begin. Between lease and first row
        // a chunk cannot be shared, and would be read twice.
        let read = "select count(*) from sluice.chunk where dataset = 'together' and state in ('running', 'done') and reusable";
        eventually("a worker begins to read", async || system.number(read).await.unwrap() > 0).await;
        let (more, longer) = (request("together", "2024-01-01", "2024-02-09"), query("2024-02-09"));
        tokio::join!(exact(&body, &[], &second), exact(&more, &[], &longer));
    };
    tokio::join!(exact(&body, &[], &first), others);
    assert_eq!(before.rows_since(system, "together").await, 4000);
}
