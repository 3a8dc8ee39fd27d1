//! Commands of `sluice` against a real api: plans in files, joined files, timelines, profiles and tools.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tests::System;

use crate::cli::succeeded;

/// Runs `sluice` with a home folder of its own. Address and key are only in the environment if `logged_in` is false.
fn sluice(system: &System, home: &Path, logged_in: bool, input: &str, words: &[&str]) -> Output {
    let mut command = Command::new(std::env::var("SLUICE_CLI").expect("SLUICE_CLI is set by `cargo x test`"));
    command.args(words).env("XDG_CONFIG_HOME", home).env_remove("SLUICE_URL").env_remove("SLUICE_KEY");
    if !logged_in {
        command.env("SLUICE_URL", &system.stack.url).env("SLUICE_KEY", &system.stack.key);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that does not read it may have ended.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_in_a_file_is_exported_once_the_catalog_is_the_same() {
    let system = System::get().await;
    let home = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| sluice(system, home.path(), false, "", words);
    let (plan, out) = (home.path().join("plan.json"), home.path().join("data"));
    let (plan_path, out_path) = (plan.to_str().unwrap(), out.to_str().unwrap());
    let dates = ["--from", "2024-01-01", "--to", "2024-03-31"];
    succeeded(&run(&[&["plan", "visits", "nothing", "--out", plan_path], &dates[..]].concat()));

    let mut edited: Value = serde_json::from_slice(&std::fs::read(&plan).unwrap()).unwrap();
    let revision = edited["revision"].take();
    edited["revision"] = json!("another");
    let old = home.path().join("old.json");
    std::fs::write(&old, edited.to_string()).unwrap();
    let refused = run(&["export", "--plan", old.to_str().unwrap(), "--no-wait"]);
    assert_eq!(refused.status.code(), Some(2));
    let message = text(&refused.stderr);
    assert!(message.contains("the catalog has changed since the plan was made"), "{message}");

    let words =
        ["export", "--plan", plan_path, "--out", out_path, "--single", "--limit-rate", "1G", "--json"];
    let exported: Value = serde_json::from_str(&succeeded(&run(&words))).unwrap();
    assert_eq!(exported["export"]["revision"], revision);
    let mut files: Vec<_> = std::fs::read_dir(&out).unwrap().flatten().map(|e| e.file_name()).collect();
    files.sort();
    assert_eq!(files, ["joined.json", "manifest.json", "nothing.csv.gz", "visits.csv.gz"]);
    let verified = succeeded(&run(&["verify", out_path]));
    assert!(verified.contains("is complete and correct: 2 datasets, 2 files"), "{verified}");
    let again = succeeded(&run(&[&["download", id(&exported)][..], &words[3..]].concat()));
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap()["download"]["present"], json!(2));
    let split = run(&["download", id(&exported), "--out", out_path]);
    assert!(text(&split.stderr).contains("repeat with --single"), "{}", text(&split.stderr));
    let views = succeeded(&run(&["sql", out_path]));
    assert!(
        views.contains("CREATE OR REPLACE VIEW \"visits\"") && views.contains("visits.csv.gz"),
        "{views}"
    );
}

fn id(exported: &Value) -> &str {
    exported["export"]["id"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn export_that_is_not_waited_for_is_followed_by_its_id() {
    let system = System::get().await;
    let home = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| sluice(system, home.path(), false, "", words);
    let accepted = run(&[
        "export",
        "visits",
        "--from",
        "2024-01-01",
        "--to",
        "2024-01-31",
        "--no-wait",
        "--reuse",
        "none",
    ]);
    let printed = succeeded(&accepted);
    let id = printed.trim_end();
    assert_eq!(printed, format!("{id}\n"), "only the id is printed");
    let watched = run(&["status", id, "--watch", "--progress", "json"]);
    succeeded(&watched);
    let events = text(&watched.stderr);
    for line in events.lines() {
        assert_eq!(serde_json::from_str::<Value>(line).unwrap()["event"], json!("waiting"), "{events}");
    }
    let timeline = succeeded(&run(&["chunks", id]));
    assert!(timeline.contains("timeline") && timeline.contains('='), "{timeline}");
    let chunks: Value = serde_json::from_str(&succeeded(&run(&["chunks", id, "--json"]))).unwrap();
    assert_eq!(chunks["chunks"][0]["reused"], json!(false));
    let shown: Value =
        serde_json::from_str(&succeeded(&run(&["api", "GET", &format!("/exports/{id}")]))).unwrap();
    assert_eq!(shown["status"], json!("succeeded"));
    let limits: Value = serde_json::from_str(&succeeded(&run(&["limits", "--json"]))).unwrap();
    assert!(
        limits["rowsPerDay"]["used"].as_u64() > Some(0) && limits["rowsPerDay"].get("maximum").is_none(),
        "{limits}"
    );
    assert_eq!(limits["activeExports"]["maximum"], json!(4));
    assert!(succeeded(&run(&["limits"])).contains("no limit"));
    let kept: Value = serde_json::from_str(&succeeded(&run(&["extend", id, "--json"]))).unwrap();
    assert!(kept["expiresAt"].as_str() >= shown["expiresAt"].as_str(), "{kept}");
    assert_eq!(run(&["api", "GET", "/exports/nonsense"]).status.code(), Some(2));
    let links = succeeded(&run(&["sql", id]));
    assert!(links.contains("read_csv('http"), "{links}");
    let canceled = run(&["cancel", id]);
    let why = text(&canceled.stderr);
    assert!(canceled.status.code() == Some(2) && why.contains(&format!("sluice delete {id}")), "{why}");
    succeeded(&run(&["status", id]));
    assert_eq!(run(&["delete", id]).status.code(), Some(2), "a confirmation needs a terminal");
    assert_eq!(succeeded(&run(&["delete", id, "--yes"])), format!("export {id} is deleted\n"));
    // Another environment of the api may show it from memory for a moment.
    tests::eventually("the export is gone", async || run(&["status", id]).status.code() == Some(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_find_an_export_and_a_key_repeats_it() {
    let system = System::get().await;
    let home = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| succeeded(&sluice(system, home.path(), false, "", words));
    let label = home.path().to_str().unwrap();
    let export = [
        "export",
        "visits",
        "nothing",
        "--sample",
        "3",
        "--filter",
        "visits.score!=null",
        "--label",
        label,
        "--labels",
        "team=x,env=y",
        "--idempotency-key",
        label,
        "--no-wait",
    ];
    let id = run(&export);
    assert_eq!(run(&export), id, "the same key");
    let list = |filters: &[&str]| {
        let words = [&["list", "--json", "--label", label], filters].concat();
        serde_json::from_str::<Value>(&run(&words)).unwrap()["exports"].as_array().unwrap().len()
    };
    let found = [
        "--labels",
        "env=y,team=x",
        "--dataset",
        "visits",
        "--after",
        "2024-01-01",
        "--before",
        "9000-01-01",
    ];
    assert_eq!(list(&found), 1);
    for other in [["--labels", "env=z"], ["--dataset", "orders"], ["--before", "2024-01-01"]] {
        assert_eq!(list(&other), 0, "{other:?}");
    }
    let shown = run(&["list", "--label", label]);
    assert!(shown.contains(&format!("{label}, env=y, team=x")), "{shown}");
    let all = run(&["plan", "*", "--sample", "5"]);
    assert!(all.contains("visits") && all.contains("orders"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn key_is_kept_in_a_profile_that_only_the_user_can_read() {
    let system = System::get().await;
    let home = tempfile::tempdir().unwrap();
    let run = |input: &str, words: &[&str]| sluice(system, home.path(), true, input, words);
    let login = ["login", "--profile", "test", "--url", &system.stack.url];
    let wrong = run("slc_wrong_key\n", &login);
    assert_eq!(wrong.status.code(), Some(2), "{}", text(&wrong.stderr));
    let output = run(&format!("{}\n", system.stack.key), &login);
    assert!(!succeeded(&output).contains(&system.stack.key));
    let file = home.path().join("sluice/profiles.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    succeeded(&run("", &["list", "--profile", "test"]));
    assert_eq!(run("", &["list"]).status.code(), Some(2), "there is no default profile");

    let lines = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_datasets"}}),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let session = succeeded(&run(&input, &["mcp", "--profile", "test"]));
    let replies: Vec<Value> = session.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(replies.len(), 2, "{session}");
    assert!(replies[1]["result"]["content"][0]["text"].as_str().unwrap().contains("visits"), "{session}");

    let calls = "https://old.example/api/visits?from=2024-01-01&to=2024-01-31\n";
    let request = succeeded(&run(calls, &["import-calls", "-", "--profile", "test"]));
    let expected = json!({"datasets": ["visits"], "startDate": "2024-01-01", "endDate": "2024-01-31"});
    assert_eq!(serde_json::from_str::<Value>(&request).unwrap(), expected);

    succeeded(&run("", &["logout", "--profile", "test"]));
    assert_eq!(run("", &["list", "--profile", "test"]).status.code(), Some(2));
}
