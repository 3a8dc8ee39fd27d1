//! Keys with limited scope: a dataset outside of the scope does not exist, neither does an export with such a dataset,
//! and a read-only key changes nothing.

use api::ROUTES;
use export::access::Access;
use reqwest::Method;
use serde_json::{Value, json};
use store::NewKey;
use tests::System;

use super::finished;
use crate::api::{ApiResponse, call};

async fn key(system: &System, access: Access) -> String {
    let tenant = "demo".parse().unwrap();
    let new = NewKey { tenant, label: "e2e scope".into(), access, expires_secs: None };
    system.store().create_key_for(&new).await.unwrap()
}

fn only(names: &[&str]) -> Access {
    Access { datasets: Some(names.iter().map(|&name| name.to_owned()).collect()), writes: true }
}

async fn post(key: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> ApiResponse {
    let headers: Vec<_> = headers.iter().copied().chain([("content-type", "application/json")]).collect();
    call(Method::POST, path, Some(key), &headers, Some(&body.to_string())).await
}

fn request(datasets: Value) -> Value {
    json!({"datasets": datasets, "startDate": "2024-01-01", "endDate": "2024-01-03"})
}

#[tokio::test]
async fn datasets_outside_the_scope_are_not_found() {
    let system = System::get().await;
    let key = key(system, only(&["whole", "visits"])).await;
    let get = async |path: &str| call(Method::GET, path, Some(&key), &[], None).await;
    let listed = get("/datasets").await;
    let names: Vec<_> =
        listed.body["datasets"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["visits", "whole"]);
    assert_eq!(get("/datasets/Visits").await.status, 200);
    // Requested by name, it is rejected in the same words as a name that does not exist.
    let alike =
        |answer: &ApiResponse, name: &str| (answer.status.as_u16(), answer.text().replace(name, "{name}"));
    assert_eq!(
        alike(&get("/datasets/notes").await, "notes"),
        alike(&get("/datasets/zzzzz").await, "zzzzz"),
        "show"
    );
    let hidden = post(&key, "/exports", &request(json!(["notes"])), &[]).await;
    let unknown = post(&key, "/exports", &request(json!(["zzzzz"])), &[]).await;
    assert_eq!(hidden.status, 422);
    assert_eq!(alike(&hidden, "notes"), alike(&unknown, "zzzzz"), "create");
    let dates = json!({"startDate": "2024-01-01", "endDate": "2024-01-03"});
    let hidden = post(&key, "/notes", &dates, &[]).await;
    assert_eq!(
        alike(&hidden, "notes"),
        alike(&post(&key, "/zzzzz", &dates, &[]).await, "zzzzz"),
        "short form"
    );
    assert_eq!(hidden.status, 404);
    // The error for a misspelt name does not suggest names outside of the scope.
    let near = post(&key, "/exports", &request(json!(["note"])), &[]).await;
    assert!(!near.body.to_string().contains("notes"), "{}", near.body);
    // `"*"` means every dataset within the scope.
    let all = post(&key, "/exports?dryRun=true", &request(json!("*")), &[]).await;
    let planned: Vec<_> =
        all.body["datasets"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(planned, ["visits", "whole"]);
}

#[tokio::test]
async fn exports_with_datasets_outside_the_scope_are_not_found() {
    let system = System::get().await;
    // An export of `notes` and `whole`.
    let (id, file) = finished(system).await;
    let inside = key(system, only(&["notes", "whole", "visits"])).await;
    let outside = key(system, only(&["whole", "visits"])).await;
    for (method, route) in ROUTES.iter().filter(|(_, route)| route.contains("{id}")) {
        let ask = async |id: &str| {
            let path = route.replace("{id}", id).replace("{name}", &file);
            let json = [("content-type", "application/json")];
            let answer = call(method.parse().unwrap(), &path, Some(&outside), &json, Some("{}")).await;
            (answer.status.as_u16(), answer.text().replace(id, "{id}"))
        };
        let hidden = ask(&id).await;
        assert_eq!(hidden.0, 404, "{method} {route}: {}", hidden.1);
        let unknown = ask("00000000-0000-4000-8000-000000000000").await;
        assert_eq!(hidden, unknown, "{method} {route}");
    }
    // A cursor does not name it either: page by page, with and without a status, only visible exports occur.
    let every = crate::api::get("/exports?limit=100").await.body.to_string();
    assert!(every.contains(&id), "it is among the newest");
    let mut path = "/exports?limit=1&status=succeeded".to_owned();
    for _ in 0..5 {
        let page = call(Method::GET, &path, Some(&outside), &[], None).await;
        let Some(cursor) = page.body["nextCursor"].as_str() else { break };
        let shown = page.body["exports"][0]["id"].as_str().expect("a page with a next one is not empty");
        assert!(cursor.ends_with(shown) && !cursor.contains(&id), "{cursor}");
        path = format!("/exports?limit=1&status=succeeded&cursor={cursor}");
    }
    let listed = async |key: &str| {
        let list = call(Method::GET, "/exports?limit=100", Some(key), &[], None).await;
        list.body.to_string().contains(&id)
    };
    assert!(!listed(&outside).await && listed(&inside).await);
    assert_eq!(call(Method::GET, &format!("/exports/{id}"), Some(&inside), &[], None).await.status, 200);
}

/// Another key of the tenant used the same idempotency key for `"*"`, which includes more datasets for that key.
#[tokio::test]
async fn a_replay_shows_nothing_outside_of_the_scope() {
    let system = System::get().await;
    let wide = key(system, only(&["whole", "visits"])).await;
    let narrow = key(system, only(&["whole"])).await;
    let token = [("idempotency-key", "e2e scope replay")];
    let first = post(&wide, "/exports", &request(json!("*")), &token).await;
    assert_eq!(first.status, 202, "{}", first.body);
    let replay = post(&narrow, "/exports", &request(json!("*")), &token).await;
    assert_eq!(replay.status, 422, "{}", replay.body);
    assert!(!replay.body.to_string().contains("visits"));
}

#[tokio::test]
async fn read_only_key_cannot_change_anything() {
    let system = System::get().await;
    let (id, file) = finished(system).await;
    let reader = key(system, Access { datasets: None, writes: false }).await;
    super::save().await;
    for (method, route) in ROUTES {
        let name = if route.starts_with("/datasets") { "whole" } else { &file };
        let path = route.replace("{id}", &id).replace("{name}", name).replace("{dataset}", "whole");
        let path = path.replace("{saved}", super::SAVED);
        let body = super::body_for(route).to_string();
        let json = [("content-type", "application/json")];
        let answer = call(method.parse().unwrap(), &path, Some(&reader), &json, Some(&body)).await;
        if method == "GET" {
            assert!([200, 307].contains(&answer.status.as_u16()), "{method} {path}: {}", answer.body);
        } else {
            assert_eq!(
                (answer.status.as_u16(), answer.body["title"].as_str()),
                (403, Some("Read-only credentials")),
                "{method} {path}"
            );
        }
    }
    // The response is the same for an export that exists and one that does not.
    let unknown = "/exports/00000000-0000-4000-8000-000000000000";
    assert_eq!(call(Method::DELETE, unknown, Some(&reader), &[], None).await.status, 403);
    assert_eq!(crate::api::get(&format!("/exports/{id}")).await.status, 200);
}
