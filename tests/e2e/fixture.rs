//! Targets, exports and workers for tests of the store.

use std::collections::BTreeMap;

use export::attempt::Attempt;
use export::catalog::{From, RangeColumn};
use export::estimate::{DatasetEstimate, Size};
use export::file::FileRecord;
use export::id::{ChunkId, ExportId, TenantId};
use export::plan::{Reuse, Target};
use export::range::{RangeKind, Span};
use export::selection::Selection;
use export::usage::Usage;
use ports::random;
use store::{NewExport, Noted, PlanLimits, ReadNote, RetryTerms, Store};
use tests::Database;

/// Longer than a test takes. A lease that should expire during a test has 0 s.
pub(crate) const LEASE_SECS: u32 = 600;

pub(crate) fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

/// Returns days `[start, end)` of dataset `name`, about `chunks` chunks of them.
pub(crate) fn target(tenant: &TenantId, name: &str, start: i64, end: i64, chunks: u64) -> Target {
    let selection = Selection {
        dataset: name.to_owned(),
        from: From::Relation { schema: "shop".into(), name: name.to_owned() },
        range_column: Some(RangeColumn {
            name: "day".into(),
            kind: RangeKind::Date,
            time_zone: Some("UTC".into()),
            include_nulls: false,
        }),
        settle_after_secs: Some(0),
        ..Selection::example()
    };
    let days = (end - start) as u64;
    let months: BTreeMap<_, _> = (0..600)
        .map(|i| {
            (
                format!("{:04}-{:02}", 1970 + i / 12, 1 + i % 12),
                Size { rows: 30, bytes: 30 * chunks * TARGET / days },
            )
        })
        .collect();
    Target {
        fingerprint: selection.fingerprint(tenant, "test"),
        selection,
        span: Span::new(RangeKind::Date, start, end),
        hive: None,
        estimate: DatasetEstimate { months, indexed: true, ..DatasetEstimate::default() },
    }
}

/// Bytes of a chunk in these tests.
pub(crate) const TARGET: u64 = 1000;

pub(crate) fn new_export(tenant: &TenantId, targets: Vec<Target>) -> NewExport {
    NewExport {
        id: ExportId::from_random(random::bytes()),
        tenant: tenant.clone(),
        request: serde_json::json!({}),
        revision_id: "r".into(),
        targets,
        reuse: Reuse::Settled,
        idempotency: None,
        limits: PlanLimits { target_bytes: TARGET, max_chunks: 10_000 },
        deadline_secs: 3600,
        traceparent: None,
    }
}

pub(crate) fn retry_terms(limits: PlanLimits) -> RetryTerms<'static> {
    RetryTerms { limits, deadline_secs: 3600, traceparent: None }
}

/// Creates a store with these settings, and a tenant.
pub(crate) async fn store_of_acme(settings: &[(&str, &str)]) -> (Database, Store, TenantId) {
    let settings: Vec<_> = settings.iter().copied().chain([("budget", "8")]).collect();
    let database = Database::create(&settings).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    (database, store, acme)
}

pub(crate) async fn add_tenant(store: &Store, name: &str) -> TenantId {
    let id = tenant(name);
    store.create_key(&id, "test").await.unwrap();
    id
}

/// Records that the chunk was read just now, from a primary.
pub(crate) async fn note(store: &Store, attempt: &Attempt) -> bool {
    let now = 4_000_000_000_000_000;
    let note = ReadNote { as_of_micros: now, horizon_micros: Some(now), proof: None };
    store.note_read(attempt, &note).await.unwrap() != Noted::Fenced
}

pub(crate) fn file(attempt: u32, rows: u64) -> FileRecord {
    FileRecord {
        attempt,
        rows,
        bytes: 10 * rows,
        source_bytes: 20 * rows,
        sha256: (rows > 0).then(|| "ab".repeat(32)),
    }
}

/// Leases a chunk and records a file of five rows.
pub(crate) async fn work(store: &Store, chunk: ChunkId) -> Vec<ExportId> {
    let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().expect("the chunk was sent");
    assert!(note(store, &attempt).await);
    store
        .record(chunk, &file(attempt.number, 5), &Usage::default())
        .await
        .unwrap()
        .expect("the attempt is the current one")
}

/// Dispatches and works until nothing is due. Returns the exports of the last chunk.
pub(crate) async fn drain(store: &Store) -> Vec<ExportId> {
    let mut exports = Vec::new();
    loop {
        let chunks = store.dispatch().await.unwrap();
        if chunks.is_empty() {
            return exports;
        }
        for chunk in chunks {
            exports = work(store, chunk).await;
        }
    }
}
