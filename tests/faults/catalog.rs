//! A dataset is removed from the catalog while an export of it runs.

use std::time::Duration;

use export::id::hex;
use export::state::ExportStatus;
use ports::random;
use serde_json::json;
use tests::System;

use crate::{assert_exact, turn};

const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/catalog.toml");

/// Writes the catalog without `altered` to a file.
fn without_altered() -> tempfile::NamedTempFile {
    let text = std::fs::read_to_string(CATALOG).unwrap();
    let start = text.find("[datasets.altered]").unwrap();
    let end = start + 1 + text[start + 1..].find("\n[").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{}{}", &text[..start], &text[end..])).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_dataset_fails_its_export_and_retry_recovers() {
    let (system, _turn) = turn().await;
    let narrow = without_altered();
    let body = json!({"datasets": ["altered"], "startDate": "2024-01-01", "endDate": "2024-01-31"});
    let key = hex(&random::bytes::<8>());
    system.store().pause().await.unwrap();
    let first = system.client.submit(&body, &key).await.unwrap();
    let id = first.export.id;
    let file = narrow.path().to_str().unwrap();
    let foretold = system.x(&["admin", "catalog", "check", file]).unwrap();
    assert!(foretold.contains("removed: altered"), "{foretold}");
    assert!(foretold.contains("1 chunk not read yet will fail, in 1 live export"), "{foretold}");
    assert!(foretold.contains("can be applied with --allow-removal"), "{foretold}");
    let refused = system.x(&["admin", "catalog", "apply", file]).unwrap_err().to_string();
    assert!(refused.contains("1 chunk of live exports would fail, so nothing was applied"), "{refused}");
    assert_eq!(
        system.client.export(id).await.unwrap().status,
        ExportStatus::Queued,
        "nothing happened to it"
    );
    let before = system.x(&["admin", "catalog", "show"]).unwrap();
    assert!(before.contains("in force, applied") && before.contains("[datasets.altered]"), "{before}");

    let said = system.x(&["admin", "catalog", "apply", file, "--allow-removal"]).unwrap();
    let shown = system.x(&["admin", "catalog", "show"]).unwrap();
    assert!(shown.trim_end().ends_with(std::fs::read_to_string(file).unwrap().trim_end()), "{shown}");
    let revision = before.split_whitespace().nth(2).unwrap().trim_end_matches(',');
    let earlier = system.x(&["admin", "catalog", "show", "--revision", &revision[..12]]).unwrap();
    assert!(earlier.contains("no longer in force") && earlier.contains("[datasets.altered]"), "{earlier}");
    assert!(said.contains("invalidated: altered (the dataset is no longer in the catalog)"), "{said}");
    assert!(said.contains("1 chunk not read yet failed, in 1 live export"), "{said}");
    let export = system.wait(id).await.unwrap();
    assert_eq!((export.status, export.errors[0].code.as_str()), (ExportStatus::Failed, "catalog_changed"));
    system.store().resume().await.unwrap();

    // The api caches a catalog for a second. In either state of the cache, the repeated request returns the existing
    // export.
    for _ in 0..2 {
        assert_eq!(system.client.submit(&body, &key).await.unwrap().export.id, id);
        assert!(system.submit(&body).await.is_err(), "a new request of it is refused");
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    assert!(system.client.retry(id).await.is_err());

    // The whole catalog again, without waiting for the api's cache.
    system.x(&["admin", "catalog", "apply", CATALOG, "--allow-removal"]).unwrap();
    let retried = retry_soon(system, id).await;
    assert_exact(system, &retried, "altered", "select id, day, value from e2e.altered").await;
}

async fn retry_soon(system: &System, id: export::id::ExportId) -> tests::Exported {
    tokio::time::sleep(Duration::from_millis(1500)).await;
    system.client.retry(id).await.unwrap();
    system.fetch(id).await.unwrap()
}
