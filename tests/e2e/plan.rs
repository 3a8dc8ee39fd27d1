//! Plans before they run: the dry run, its command, limits, and their record in the manifest.

mod estimates;
mod limits;
mod own;
mod posts;

use serde_json::{Value, json};
use tests::System;

use crate::api::post;
use crate::cli::{sluice, succeeded};

fn visits() -> Value {
    json!({"datasets": ["visits", "whole", "notes"], "startDate": "2024-01-01", "endDate": "2024-03-31"})
}

#[tokio::test]
async fn dry_run_estimates_chunks_time_and_cost_without_storing() {
    let system = System::get().await;
    let before = system.number("select count(*) from sluice.selection").await.unwrap();
    let mut request = visits();
    // A selection that no other test requests, so that none of its chunks exist already.
    request["csv"] = json!({"null": "dry"});
    let answer = post("/exports?dryRun=true", &request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let plan = answer.body;
    let [visits, whole, notes] = &plan["datasets"].as_array().unwrap()[..] else { panic!("{plan}") };
    assert_eq!((visits["chunks"].as_u64(), visits["reusedChunks"].as_u64()), (Some(1), Some(0)));
    let rows = visits["rows"].as_f64().unwrap();
    assert!((rows - 9100.0).abs() < 0.1 * 9100.0, "{visits}");
    assert!(visits["newBytes"] == visits["bytes"] && visits["databaseSeconds"].as_f64().unwrap() > 0.0);
    assert!(visits["estimatedAt"].as_str().unwrap().ends_with('Z'), "{visits}");
    assert_eq!(whole["note"], "no range column: one chunk");
    // For a dataset with a tenant column, only the tenant's own chunks are used for estimates.
    assert!(notes.get("estimatedAt").is_none(), "{notes}");
    if notes["rows"].is_null() {
        assert!(
            notes["note"].as_str().unwrap().contains("unknown") && plan["unknownDatasets"] == 1,
            "{plan}"
        );
        assert!(plan["forecast"]["wallSeconds"].is_null(), "{plan}");
    }
    let (forecast, total) = (&plan["forecast"], &plan["total"]);
    assert_eq!(forecast["budget"], system.stack.budget);
    let cost = &forecast["cost"];
    let items = ["computeUsd", "requestsUsd", "uploadsUsd", "storageUsd"];
    let sum: f64 = items.iter().map(|item| cost[item].as_f64().unwrap()).sum();
    assert!((sum - total["costUsd"].as_f64().unwrap()).abs() < 1e-5, "{plan}");
    assert!(cost["prices"].as_str().unwrap().contains("us-east-1"));
    let after = system
        .number("select count(*) from sluice.selection where body #>> '{output,csv,null}' = 'dry'")
        .await;
    assert_eq!(after.unwrap(), 0, "of {before} selections");
}

#[tokio::test]
async fn plan_command_prints_text_and_complete_json() {
    let system = System::get().await;
    let run = |words: &[&str]| {
        let common = ["plan", "visits", "whole", "--from", "2024-01-01", "--to", "2024-03-31"];
        succeeded(&sluice(system, &[&common, words].concat()))
    };
    let text = run(&[]);
    for part in ["visits", "no range column: one chunk", "all figures are estimates", "cost  about $"] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    let plan: Value = serde_json::from_str(&run(&["--json"])).unwrap();
    assert!(
        plan["forecast"]["wallSeconds"].is_u64() && plan["datasets"][0]["estimatedAt"].is_string(),
        "{plan}"
    );
}

#[tokio::test]
async fn manifest_states_estimated_and_actual_rows() {
    let system = System::get().await;
    let exported = system.export(&visits()).await.unwrap();
    let manifest = &exported.manifest;
    let visits = &manifest.datasets[0];
    let source = visits.source.unwrap();
    assert_eq!(source.actual.rows, visits.rows);
    let (estimated, actual) = (source.estimated.unwrap().bytes as f64, source.actual.bytes as f64);
    assert!((estimated - actual).abs() < 0.3 * actual, "{source:?}");
    let all = manifest.source.unwrap();
    let sum: u64 = manifest.datasets.iter().filter_map(|d| d.source).map(|s| s.actual.bytes).sum();
    assert_eq!((all.actual.rows, all.actual.bytes), (manifest.rows, sum));
}
