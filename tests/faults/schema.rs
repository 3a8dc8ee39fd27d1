//! A column changes its type between plan and COPY: binary rows of another type would be read wrongly.

use export::failure::FailureCode;
use export::state::ExportStatus;
use serde_json::json;
use tests::System;

use crate::{assert_exact, turn};

const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/catalog.toml");

async fn submit_paused(system: &System) -> export::id::ExportId {
    system.store().pause().await.unwrap();
    system
        .submit(&json!({"datasets": ["altered"], "startDate": "2024-01-01", "endDate": "2024-01-31"}))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn column_type_change_fails_the_chunk_until_apply_and_retry() {
    let (system, _turn) = turn().await;
    let id = submit_paused(system).await;
    system
        .run("alter table e2e.altered alter column value type date using date '2000-01-01' + value")
        .await
        .unwrap();
    system.store().resume().await.unwrap();
    sweeper::sweep(&system.sweeper()).await;
    let export = system.wait(id).await.unwrap();
    assert_eq!(export.status, ExportStatus::Failed);
    assert_eq!(export.errors[0].code, FailureCode::SchemaChanged);
    assert!(export.errors[0].message.contains("catalog apply"), "{}", export.errors[0].message);

    system.x(&["admin", "catalog", "apply", CATALOG, "--allow-removal"]).unwrap();
    // The api caches a catalog for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    system.client.retry(id).await.unwrap();
    let exported = system.fetch(id).await.unwrap();
    assert_exact(system, &exported, "altered", "select id, day, value from e2e.altered").await;
    system
        .run("alter table e2e.altered alter column value type integer using value - date '2000-01-01'")
        .await
        .unwrap();
    system.x(&["admin", "catalog", "apply", CATALOG, "--allow-removal"]).unwrap();
}
