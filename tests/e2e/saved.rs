//! Saved exports through the api, the sweeper and the command.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{System, eventually};

use crate::api::{call, get, post};
use crate::cli::{sluice, succeeded};

async fn delete(path: &str) -> u16 {
    let key = &System::get().await.stack.key;
    call(Method::DELETE, path, Some(key), &[], None).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn due_period_runs_by_a_sweep() {
    let system = System::get().await;
    delete("/saved/e2e-hourly").await;
    let body = json!({
        "name": "e2e-hourly", "request": {"datasets": ["whole"], "format": "ndjson"}, "range": "last hour",
        "schedule": {"every": "hourly", "at": ":05", "zone": "Asia/Kolkata", "graceMinutes": 1},
    });
    let saved = post("/saved", &body).await;
    assert_eq!(saved.status, 201, "{}", saved.body);
    assert!(saved.header("location").ends_with("saved/e2e-hourly"), "{:?}", saved.headers);
    assert_eq!(post("/saved", &body).await.status, 409);
    assert!(saved.body["nextRunAt"].is_string() && saved.body["nextStartDate"].is_string(), "{}", saved.body);
    assert_eq!(get("/saved/e2e-hourly/runs").await.body["runs"], json!([]));
    // The clock of the store is moved: the period of the hour before is due.
    let earlier = "update sluice.saved set next_tick = next_tick - interval '1 hour', next_at = next_at - interval '1 hour'
                   where name = 'e2e-hourly'";
    system.run(earlier).await.unwrap();
    sweeper::sweep(&system.sweeper()).await;
    let runs = get("/saved/e2e-hourly/runs").await.body["runs"].clone();
    let export = runs[0]["export"].as_str().unwrap_or_else(|| panic!("{runs}")).to_owned();
    assert_eq!(runs.as_array().unwrap().len(), 1);
    system.wait(export.parse().unwrap()).await.unwrap();
    sweeper::sweep(&system.sweeper()).await;
    let state = get("/saved/e2e-hourly").await.body;
    assert_eq!((state["running"].clone(), state["failures"].clone()), (Value::Null, json!(0)), "{state}");
    let run = get("/saved/e2e-hourly/runs").await.body["runs"][0].clone();
    assert_eq!(run["outcome"], "succeeded", "{run}");
    assert_eq!((&run["endDate"], &run["attempt"]), (&state["nextStartDate"], &json!(1)));
    let request = get(&format!("/exports/{export}")).await.body["request"].clone();
    assert_eq!(request["label"], "e2e-hourly", "{request}");
    assert_eq!(delete("/saved/e2e-hourly").await, 204);
    assert_eq!(get("/saved/e2e-hourly/runs").await.status, 404);
    assert_eq!(get(&format!("/exports/{export}")).await.status, 200, "the exports of its runs stay");
}

#[tokio::test]
async fn each_violation_names_field_and_remedy() {
    let body = json!({
        "name": "Bad name", "request": {"datasets": ["whole"], "startDate": "2024-01-01"}, "range": "last year",
        "schedule": {"every": "daily", "at": "6", "zone": "Berlin"},
    });
    let refused = post("/saved", &body).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.pointers(), ["/name", "/range", "/schedule/at", "/schedule/zone"]);
    let unknown = json!({"name": "x", "request": {"datasets": ["wholes"]}, "range": "yesterday"});
    assert_eq!(post("/saved", &unknown).await.pointers(), ["/request/datasets/0"]);
    let away = json!({"name": "x", "request": {"datasets": ["whole"], "destination": "none"}});
    assert_eq!(post("/saved", &away).await.pointers(), ["/request/destination"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn command_saves_runs_and_deletes() {
    let system = System::get().await;
    delete("/saved/e2e-command").await;
    let create = [
        "saved",
        "create",
        "e2e-command",
        "whole",
        "--range",
        "yesterday",
        "--every",
        "daily",
        "--at",
        "06:00",
        "--zone",
        "Europe/Berlin",
        "--grace",
        "60m",
        "--format",
        "csv",
    ];
    let text = succeeded(&sluice(system, &create));
    assert!(text.contains("e2e-command: whole, yesterday daily 06:00 Europe/Berlin"), "{text}");
    assert!(succeeded(&sluice(system, &["saved", "list"])).contains("e2e-command"));
    succeeded(&sluice(system, &["saved", "pause", "e2e-command"]));
    assert!(succeeded(&sluice(system, &["saved", "show", "e2e-command"])).contains("paused; next run"));
    // A run on demand starts at once, also while the schedule is paused.
    let json = succeeded(&sluice(system, &["--json", "saved", "run", "e2e-command"]));
    let saved: Value = serde_json::from_str(&json).unwrap();
    let export = saved["running"].as_str().unwrap_or_else(|| panic!("{saved}")).to_owned();
    let again = sluice(system, &["saved", "run", "e2e-command"]);
    assert!(!again.status.success() || system.wait(export.parse().unwrap()).await.is_ok());
    system.wait(export.parse().unwrap()).await.unwrap();
    eventually("the run is settled", async || {
        sweeper::sweep(&system.sweeper()).await;
        get("/saved/e2e-command/runs").await.body["runs"][0]["outcome"] == "succeeded"
    })
    .await;
    let runs = succeeded(&sluice(system, &["saved", "runs", "e2e-command"]));
    assert!(runs.contains("on demand") && runs.contains(&export), "{runs}");
    succeeded(&sluice(system, &["saved", "resume", "e2e-command"]));
    succeeded(&sluice(system, &["saved", "delete", "e2e-command"]));
    assert!(!sluice(system, &["saved", "show", "e2e-command"]).status.success());
}
