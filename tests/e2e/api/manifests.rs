//! The schema of manifests: it is served without a key, every answer that concerns a manifest links it, and manifests of real
//! exports are valid under it.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{System, skipped};

use super::conventions::links;
use super::{call, get};

const FILE: &str = include_str!("../../../functions/api/manifest.schema.json");

const VALIDATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/api/validate_manifests.py");

/// Requests whose manifests have every field between them: ranges of all kinds, samples, layouts and formats.
fn requests() -> [Value; 5] {
    [
        json!({"datasets": ["orders", "settled", "whole", "nothing"], "startDate": "2024-01-01", "endDate": "2024-02-10"}),
        json!({"datasets": [{"name": "orders", "limit": 5}, {"name": "visits", "limit": 5}]}),
        json!({"datasets": ["visits", "whole"], "format": "parquet", "layout": "hive"}),
        json!({"datasets": ["visits"], "format": "ndjson", "layout": {"hive": "day"}, "startDate": "2024-01-01",
            "endDate": "2024-01-03", "label": "manifests", "labels": {"team": "e2e"}}),
        json!({"datasets": [{"name": "visits", "or": [{"score": {"gte": 10}}]}], "compression": "none",
            "csv": {"delimiter": ";", "null": "\\N", "formulaGuard": true}}),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_are_valid_under_the_schema_that_is_served() {
    let served = call(Method::GET, "/manifest.schema.json", None, &[], None).await;
    assert_eq!((served.status.as_u16(), served.header("content-type")), (200, "application/schema+json"));
    assert_eq!(served.body, serde_json::from_str::<Value>(FILE).unwrap());
    let system = System::get().await;
    let home = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (number, request) in requests().into_iter().enumerate() {
        let id = system.submit(&request).await.unwrap();
        system.fetch(id).await.unwrap();
        let status = get(&format!("/exports/{id}")).await;
        assert_eq!(status.body["links"]["manifestSchema"], "manifest.schema.json");
        let manifest = get(&format!("/exports/{id}/manifest")).await;
        let described = ["../../manifest.schema.json", "../../openapi.json"];
        assert_eq!(
            (manifest.status.as_u16(), links(&manifest, "describedby")),
            (307, described.map(String::from).into())
        );
        let (_, text) = system.client.manifest_text(id).await.unwrap();
        let file = home.path().join(format!("{number}.json"));
        std::fs::write(&file, text).unwrap();
        files.push(file);
    }
    let Ok(python) = std::env::var("SLUICE_DOCS_PYTHON") else {
        return skipped("SLUICE_DOCS_PYTHON, a Python with jsonschema", "cargo x test sets it");
    };
    let schema = home.path().join("schema.json");
    std::fs::write(&schema, FILE).unwrap();
    let validate = |files: &[std::path::PathBuf]| {
        let ran = Command::new(&python).arg(VALIDATE).arg(&schema).args(files).output().unwrap();
        (
            ran.status.success(),
            String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr),
        )
    };
    let (valid, printed) = validate(&files);
    assert!(valid, "{printed}");
    let text = std::fs::read_to_string(&files[0]).unwrap();
    std::fs::write(&files[0], text.replace("\"watermark\"", "\"waterMark\"")).unwrap();
    let (valid, printed) = validate(&files[..1]);
    assert!(!valid && printed.contains("waterMark"), "{printed}");
}
