//! Another tenant's ids and file names on every route: the same 404 as for unknown ones, word for word, and the same
//! statements in the store, so that the response time reveals nothing either.

use api::ROUTES;
use axum::body::Body;
use axum::http::Request;
use reqwest::Method;
use serde_json::Value;
use tests::System;
use tower::ServiceExt;

use super::{SAVED, body_for, finished, save};
use crate::api::{ApiResponse, call};
use crate::caches::World;

/// An id that no export has.
const NOBODYS: &str = "00000000-0000-4000-8000-000000000000";

/// Headers that differ between equal responses: times, and the ids of a request.
const OF_THE_REQUEST: [&str; 6] =
    ["date", "content-length", "apigw-requestid", "x-amzn-requestid", "x-request-id", "ratelimit"];

/// Returns status, body and headers of a response, without the ids and the file name of its request and without times.
fn comparable(answer: &ApiResponse, id: &str, file: &str) -> (u16, String, Vec<(String, String)>) {
    let hidden = answer.text().replace(id, "{id}").replace(file, "{name}");
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !OF_THE_REQUEST.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    headers.sort();
    (answer.status.as_u16(), hidden, headers)
}

#[tokio::test]
async fn foreign_exports_are_404_on_every_route() {
    let system = System::get().await;
    let other = system.store().create_key(&"other".parse().unwrap(), "e2e isolation").await.unwrap();
    let (id, file) = finished(system).await;
    let mut walked = 0;
    for (method, route) in ROUTES.iter().filter(|(_, route)| route.contains("{id}")) {
        let method: Method = method.parse().unwrap();
        let ask = async |id: &str, file: &str| {
            let path = route.replace("{id}", id).replace("{name}", file);
            let json = [("content-type", "application/json")];
            comparable(&call(method.clone(), &path, Some(&other), &json, Some("{}")).await, id, file)
        };
        let foreign = ask(&id, &file).await;
        assert_eq!(foreign.0, 404, "{method} {route}: {}", foreign.1);
        assert_eq!(foreign, ask(NOBODYS, "nobodys.all.csv.gz").await, "{method} {route}");
        walked += 1;
    }
    assert_eq!(walked, 9);
    // It is not in a list either, and its owner has lost nothing.
    let listed = call(Method::GET, "/exports?limit=100", Some(&other), &[], None).await;
    assert!(!listed.body.to_string().contains(&id));
    assert_eq!(crate::api::get(&format!("/exports/{id}/files/{file}")).await.status, 307);
}

#[tokio::test]
async fn foreign_saved_exports_are_404_on_every_route() {
    let system = System::get().await;
    save().await;
    let tenant = "other".parse().unwrap();
    let other = system.store().create_key(&tenant, "e2e isolation of saved exports").await.unwrap();
    let mut walked = 0;
    for (method, route) in ROUTES.iter().filter(|(_, route)| route.contains("{saved}")) {
        let ask = async |name: &str| {
            let (path, json) = (route.replace("{saved}", name), [("content-type", "application/json")]);
            let method = method.parse().unwrap();
            comparable(&call(method, &path, Some(&other), &json, Some("{}")).await, name, "{name}")
        };
        let foreign = ask(SAVED).await;
        assert_eq!(foreign.0, 404, "{method} {route}: {}", foreign.1);
        assert_eq!(foreign, ask("unknown").await, "{method} {route}");
        walked += 1;
    }
    assert_eq!(walked, 7);
    assert_eq!(crate::api::get(&format!("/saved/{SAVED}")).await.status, 200);
}

/// The other routes take no id. Their responses belong to the caller.
#[tokio::test]
async fn every_route_without_a_key_is_a_401() {
    let (id, file) = finished(System::get().await).await;
    for (method, route) in ROUTES {
        let path = route.replace("{id}", &id).replace("{name}", &file).replace("{dataset}", "whole");
        let path = path.replace("{saved}", SAVED);
        let body = body_for(route).to_string();
        let json = [("content-type", "application/json")];
        let status = call(method.parse().unwrap(), &path, None, &json, Some(&body)).await.status;
        assert_eq!(status, if route == "/health" { 200 } else { 401 }, "{method} {path}");
    }
}

#[tokio::test]
async fn store_queries_are_equal_for_foreign_and_missing_exports() {
    let world = World::new().await;
    let id = world.succeeded().await.to_string();
    let owner = world.process(None);
    let files = owner.get(&format!("/exports/{id}/files")).await;
    let files: Value = serde_json::from_str(&files.body).unwrap();
    let file = files["files"][0]["name"].as_str().unwrap().to_owned();
    let other = world.store.create_key(&"other".parse().unwrap(), "test").await.unwrap();
    for (method, route) in ROUTES.iter().filter(|(_, route)| route.contains("{id}")) {
        let ask = async |id: &str, file: &str| {
            // A process that has cached only the key.
            let process = world.process(None);
            let send = |method: &str, path: String| {
                let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
                let request = request.header("authorization", format!("Bearer {other}"));
                let request =
                    request.header("content-type", "application/json").body(Body::from("{}")).unwrap();
                process.router.clone().oneshot(request)
            };
            send("GET", "/exports".to_owned()).await.unwrap();
            let start = world.statements.now().unwrap();
            let status =
                send(method, route.replace("{id}", id).replace("{name}", file)).await.unwrap().status();
            (status.as_u16(), world.statements.since(start).unwrap())
        };
        let foreign = ask(&id, &file).await;
        assert_eq!(foreign.0, 404, "{method} {route}");
        assert!(!foreign.1.is_empty());
        assert_eq!(foreign, ask(NOBODYS, "nobodys.all.csv.gz").await, "{method} {route}");
    }
}
