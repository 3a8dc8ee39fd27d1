//! Cost of `POST /exports`: few statements for 84 datasets and 339 days. The time is printed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{Context, Settings, Shared};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use export::catalog::{Dataset, Revision};
use export::column::{Column, ColumnType};
use export::estimate::{DatasetEstimate, Size};
use ports::objects::MemoryObjects;
use ports::queue::MemoryQueue;
use serde_json::{Value, json};
use store::{Applied, Store};
use tests::{Database, Statements};
use tower::ServiceExt;

use crate::fixture::{TARGET, add_tenant, target};

/// One process of the api with its own store, and a catalog of `datasets` datasets with about `chunks` chunks each in
/// the requested range.
pub(super) struct Api {
    router: Router,
    key: String,
    sent: u32,
}

impl Api {
    async fn new(datasets: usize, chunks: u64) -> Self {
        let database = Database::create(&[("budget", "4")]).await.unwrap();
        Self::before(&database, datasets, chunks).await
    }

    pub(super) async fn before(database: &Database, datasets: usize, chunks: u64) -> Self {
        let store = Store::new(&database.url).unwrap();
        let tenant = add_tenant(&store, "acme").await;
        let key = store.create_key(&tenant, "test").await.unwrap();
        let (mut revision, mut estimates) = (Revision::default(), BTreeMap::new());
        for i in 0..datasets {
            let target = target(&tenant, &format!("dataset_{i}"), 19_600, 19_939, chunks);
            let dataset = Dataset {
                from: target.selection.from,
                columns: columns(12),
                range: target.selection.range_column,
                key: None,
                tenant_column: None,
                shared: true,
                filters: columns(3),
                settle_after_secs: Some(3600),
                order: vec![],
                epoch: 1,
                search_path: vec![],
            };
            revision.datasets.insert(target.selection.dataset.clone(), dataset);
            let size = Size { rows: 30, bytes: 30 * chunks * TARGET / 339 };
            let months = (7..19).map(|i| (format!("{}-{:02}", 2023 + i / 12, 1 + i % 12), size)).collect();
            estimates.insert(target.selection.dataset, DatasetEstimate { months, ..target.estimate });
        }
        let applied = Applied { revision_id: revision.id(), revision, estimates, source: "test".into() };
        store.apply_catalog(&applied).await.unwrap();
        let settings = Settings {
            target_bytes: TARGET,
            cache_for: Duration::from_secs(30),
            tenant_requests_per_second: 0,
            ..Settings::from_env().unwrap()
        };
        let (queue, objects) = (Arc::new(MemoryQueue::default()), Arc::new(MemoryObjects::default()));
        let shared = Shared::layers(None, "posts", &store).unwrap();
        let router = api::service(Context::new(store, queue, objects, shared, settings));
        Self { router, key, sent: 0 }
    }

    /// Sends the request for all datasets. `fresh` requests files that have never been requested.
    async fn post(&mut self, fresh: bool) -> (Value, Duration) {
        self.sent += 1;
        let null_text = if fresh { format!("n{}", self.sent) } else { String::new() };
        let body = json!({"datasets": "*", "startDate": "2023-08-31", "endDate": "2024-08-03", "csv": {"null": null_text}});
        let began = Instant::now();
        let response = self.submit(&body, &format!("key {}", self.sent)).await;
        let took = began.elapsed();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
        assert_eq!(status, 202, "{}", String::from_utf8_lossy(&body));
        (serde_json::from_slice(&body).unwrap(), took)
    }

    pub(super) async fn submit(&self, body: &Value, idempotency_key: &str) -> Response {
        let request = Request::post("/api/v1/exports")
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .header("idempotency-key", idempotency_key)
            .body(Body::from(body.to_string()))
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        let request = Request::get(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {}", self.key))
            .body(Body::empty())
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }
}

fn columns(count: usize) -> Vec<Column> {
    (0..count).map(|i| Column::native(format!("column_{i}"), 25, ColumnType::Text)).collect()
}

#[tokio::test]
async fn eighty_four_datasets_are_accepted_in_at_most_eight_statements() {
    let database = Database::create(&[("budget", "4")]).await.unwrap();
    // Counts sessions that begin from now on.
    let statements = Statements::of(&database).await.unwrap();
    let mut api = Api::before(&database, 84, 4).await;
    // The first request also reads key and catalog, which are then cached.
    let (export, _) = api.post(true).await;
    // Months are cut at days, which are unevenly distributed.
    assert!(export["progress"]["chunks"]["total"].as_u64().unwrap() >= 84 * 4, "{export}");
    for fresh in [true, false, false] {
        let start = statements.now().unwrap();
        api.post(fresh).await;
        let received = statements.since(start).unwrap();
        let control = |s: &&String| ["begin", "commit", "rollback"].contains(&s.to_lowercase().as_str());
        let (frame, work): (Vec<_>, Vec<_>) = received.iter().partition(control);
        println!("fresh {fresh}: {} statements, and {} around transactions", work.len(), frame.len());
        assert!((1..=8).contains(&work.len()), "{work:#?}");
    }
}

#[tokio::test]
async fn how_long_accepting_takes() {
    for (datasets, chunks, rounds) in [(84, 1, 200), (84, 4, 50), (1000, 1, 5)] {
        let mut api = Api::new(datasets, chunks).await;
        let chunks = api.post(true).await.0["progress"]["chunks"]["total"].clone();
        for fresh in [true, false] {
            let mut took = Vec::new();
            for _ in 0..rounds {
                took.push(api.post(fresh).await.1);
            }
            took.sort();
            println!(
                "{datasets} datasets x 339 days, {chunks} chunks, {rounds} requests, {}: p50 {:.1} ms, p95 {:.1} ms, longest {:.1} ms",
                if fresh { "all new" } else { "all shared" },
                took[took.len() / 2].as_secs_f64() * 1e3,
                took[took.len() * 95 / 100].as_secs_f64() * 1e3,
                took[took.len() - 1].as_secs_f64() * 1e3
            );
        }
    }
}
