//! The function that delivers dies again and again: the copy is complete all the same, and its manifest is written last.
//!
//! `SLUICE_DELIVERY_KILLS` is the number of times that it dies while files are copied; `cargo x test` kills it a few times.

use std::collections::BTreeMap;

use export::id::ExportId;
use ports::fault::Point;
use ports::objects::{Objects, S3Objects};
use serde_json::json;
use tests::{Exported, System, aws, eventually};

use crate::crashes::until_dead;
use crate::{sweep_until_ended, turn};

/// The parameters of the test stack allow this bucket.
const LAKE: &str = "e2e-lake";

const DESTINATIONS: &str = "[destinations.lake]\nbucket = \"e2e-lake\"\ntenants = [\"demo\"]\n";

fn kills() -> u32 {
    std::env::var("SLUICE_DELIVERY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// Makes the destination, and exports a file for each day to it.
async fn export(system: &System) -> (ExportId, Exported) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("destinations.toml");
    std::fs::write(&file, DESTINATIONS).unwrap();
    system.x(&["admin", "destinations", "apply", &file.display().to_string()]).unwrap();
    let stack = std::fs::read(std::env::var("SLUICE_STACK").unwrap()).unwrap();
    let stack = serde_json::from_slice(&stack).unwrap();
    aws(&stack, "s3", "create_bucket", &json!({"Bucket": LAKE}));
    let request = json!({"datasets": ["orders"], "startDate": "2023-10-01", "endDate": "2023-11-30",
                         "layout": {"hive": "day"}, "destination": "lake"});
    let id = system.submit(&request).await.unwrap();
    (id, Box::pin(sweep_until_ended(system, id)).await)
}

async fn state(system: &System, id: ExportId) -> String {
    let query = format!("select state from sluice.delivery where export_id = '{id}'");
    system.texts(&query).await.unwrap().remove(0)
}

/// Returns true if the manifest is at the destination.
async fn has_manifest(id: ExportId) -> bool {
    S3Objects::new(LAKE).size(&format!("{id}/manifest.json")).await.unwrap().is_some()
}

/// Sweeps until the export is delivered, and checks that exactly its files are there.
async fn assert_delivered(system: &System, id: ExportId, exported: &Exported) {
    eventually("it is delivered", async || {
        sweeper::sweep(&system.sweeper()).await;
        state(system, id).await == "delivered"
    })
    .await;
    let files = exported.manifest.datasets.iter().flat_map(|dataset| &dataset.chunks);
    let mut expected: BTreeMap<_, _> = files
        .filter_map(|chunk| chunk.file.as_ref())
        .map(|file| (format!("{id}/{}", file.name), file.bytes))
        .collect();
    assert!(expected.len() > 20, "{}", expected.len());
    let lake = S3Objects::new(LAKE);
    let page = lake.list(&format!("{id}/"), None).await.unwrap();
    assert!(!page.more && has_manifest(id).await);
    let mut found = BTreeMap::new();
    for key in page.keys {
        let bytes = lake.size(&key).await.unwrap().unwrap();
        found.insert(key, bytes);
    }
    let manifest = format!("{id}/manifest.json");
    expected.insert(manifest.clone(), found[&manifest]);
    assert_eq!(found, expected);
    assert_eq!(lake.abort_uploads(&format!("{id}/")).await.unwrap(), 0);
    let counted = format!("select files_done from sluice.delivery where export_id = '{id}'");
    assert_eq!(system.number(&counted).await.unwrap() as usize, expected.len() - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_deliveries_are_completed() {
    let (system, _turn) = turn().await;
    system.faults().arm(Point::Copied).unwrap();
    let (id, exported) = export(system).await;
    for round in 0..kills() {
        if round > 0 {
            system.faults().arm(Point::Copied).unwrap();
        }
        let sweeping = async {
            loop {
                sweeper::sweep(&system.sweeper()).await;
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
        };
        tokio::select! {
            () = until_dead(system, Point::Copied) => {}
            () = sweeping => unreachable!("it never ends"),
        }
        assert!(!has_manifest(id).await, "files are missing");
    }
    assert_delivered(system, id, &exported).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_that_was_not_recorded_is_recorded() {
    let (system, _turn) = turn().await;
    system.faults().arm(Point::Delivered).unwrap();
    let (id, exported) = export(system).await;
    until_dead(system, Point::Delivered).await;
    assert!(has_manifest(id).await);
    assert_ne!(state(system, id).await, "delivered");
    assert_delivered(system, id, &exported).await;
}
