//! The description of the api (`openapi.json`): its examples are requests that the api accepts, and what the api does
//! is what the description says.

use std::process::Command;

use export::access::Access;
use reqwest::Method;
use serde_json::Value;
use store::NewKey;
use tests::{System, skipped};

use super::{call, get, post};

const FILE: &str = include_str!("../../../functions/api/openapi.json");

/// Limits what is sent to what the emulated API Gateway routes as the real one does.
const HOOKS: &str = include_str!("schemathesis_hooks.py");

/// Properties of responses that are checked.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";

/// Seconds for which the api is tested against its description.
const MAX_SECS: &str = "45";

#[tokio::test]
async fn description_is_served_without_a_key() {
    let served = call(Method::GET, "/openapi.json", None, &[], None).await;
    assert_eq!(served.header("content-type"), "application/openapi+json");
    assert_eq!(served.body, serde_json::from_str::<Value>(FILE).unwrap());
    let page = call(Method::GET, "/reference.html", None, &[], None).await;
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"));
    assert!(page.body.as_str().unwrap().contains("id=\"createExport\""));
    assert_eq!(call(Method::GET, "/problems/busy", None, &[], None).await.status, 200);
    // At the root of the host, as a client looks for it.
    let url = &System::get().await.stack.url;
    let catalog = url.replace("/api/v1", "/.well-known/api-catalog");
    let response = reqwest::Client::builder().no_proxy().build().unwrap().get(catalog).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let catalog: Value = response.json().await.unwrap();
    assert_eq!(catalog["linkset"][0]["service-desc"][0]["href"], "/api/v1/openapi.json");
}

async fn delete(path: &str) -> u16 {
    let key = &System::get().await.stack.key;
    call(Method::DELETE, path, Some(key), &[], None).await.status.as_u16()
}

#[tokio::test]
async fn every_example_is_accepted() {
    let document: Value = serde_json::from_str(FILE).unwrap();
    let mut sent = 0;
    for (path, dataset) in [("/exports", ""), ("/{dataset}", "visits")] {
        let body = &document["paths"][path]["post"]["requestBody"]["content"]["application/json"];
        for (name, example) in body["examples"].as_object().unwrap() {
            let path = path.replace("{dataset}", dataset);
            let planned = post(&format!("{path}?dryRun=true"), &example["value"]).await;
            assert_eq!(planned.status, 200, "{name}: {}", planned.body);
            let made = post(&path, &example["value"]).await;
            assert_eq!(made.status, 202, "{name}: {}", made.body);
            let id = made.body["id"].as_str().unwrap().parse().unwrap();
            let exported = System::get().await.fetch(id).await;
            assert!(exported.is_ok(), "{name}: {:?}", exported.err());
            sent += 1;
        }
    }
    for (path, method, wanted) in [("/saved", "post", 201), ("/saved/{saved}", "put", 200)] {
        let body = &document["paths"][path][method]["requestBody"]["content"]["application/json"];
        for (name, example) in body["examples"].as_object().unwrap() {
            let own = format!("/saved/{}", example["value"]["name"].as_str().unwrap());
            if method == "post" {
                delete(&own).await;
            }
            let path = path.replace("/saved/{saved}", &own);
            let json = [("content-type", "application/json")];
            let (key, text) = (&System::get().await.stack.key, example["value"].to_string());
            let method = method.to_uppercase().parse().unwrap();
            let saved = call(method, &path, Some(key), &json, Some(&text)).await;
            assert_eq!(saved.status, wanted, "{name}: {}", saved.body);
            if wanted == 200 {
                assert_eq!(delete(&own).await, 204, "{name}");
            }
            sent += 1;
        }
    }
    assert_eq!(
        sent,
        FILE.matches("\"summary\": ").count()
            - document["paths"]
                .as_object()
                .unwrap()
                .values()
                .map(|methods| methods.as_object().unwrap().len())
                .sum::<usize>()
            - 1,
        "every example was sent"
    );
    assert_eq!(get("/exports?label=orders%20of%20January&labels=team:finance").await.status, 200);
}

#[tokio::test]
async fn responses_match_the_description() {
    let Ok(program) = std::env::var("SLUICE_SCHEMATHESIS") else {
        return skipped("SLUICE_SCHEMATHESIS, the program of that name", "cargo x test sets it");
    };
    let system = System::get().await;
    let base = system.stack.url.trim_end_matches('/').trim_end_matches("/api/v1").to_owned();
    // A tenant of its own: its limits keep the exports that are started here away from other tests.
    let datasets = ["visits", "whole"].map(str::to_owned);
    let key = NewKey {
        tenant: "described".parse().unwrap(),
        label: "e2e description".into(),
        access: Access { datasets: Some(datasets.into()), writes: true },
        expires_secs: None,
    };
    let key = system.store().create_key_for(&key).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("openapi.json");
    std::fs::write(&path, FILE).unwrap();
    std::fs::write(folder.path().join("hooks.py"), HOOKS).unwrap();
    let run = tokio::task::spawn_blocking(move || {
        Command::new(program)
            .arg("run")
            .arg(&path)
            .args(["--url", &format!("{base}/api/v1"), "--header", &format!("Authorization: Bearer {key}")])
            .args(["--checks", CHECKS, "--max-redirects", "0"])
            .args([
                "--phases",
                "examples,coverage,fuzzing,stateful",
                "--max-examples",
                "10",
                "--max-time",
                MAX_SECS,
            ])
            .args(["--generation-deterministic", "--no-color", "--suppress-health-check", "all"])
            .current_dir(folder.path())
            .env("SCHEMATHESIS_HOOKS", "hooks")
            .env("PYTHONPATH", folder.path())
            .output()
            .unwrap()
    });
    let output = run.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{text}");
}
