//! Every response has the protective headers: on every route and for every status that can be provoked.

use std::collections::BTreeSet;

use api::ROUTES;
use export::access::Access;
use reqwest::Method;
use serde_json::json;
use store::NewKey;
use tests::{System, eventually};

use super::{SAVED, body_for, finished, save};
use crate::api::{ApiResponse, call};

fn guarded(answer: &ApiResponse, what: &str) {
    for (name, value) in [
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=63072000"),
        ("x-content-type-options", "nosniff"),
        ("vary", "Authorization, Accept-Encoding"),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name} of a {}", answer.status);
    }
    let linked = answer.header("location").contains("X-Amz-Signature")
        || answer.body.to_string().contains("X-Amz-Signature");
    let wanted = if linked { "no-store" } else { "private, no-cache" };
    assert_eq!(answer.header("cache-control"), wanted, "{what}");
    let media = answer.header("content-type");
    let error = answer.status.is_client_error() || answer.status.is_server_error();
    assert!(!error || media == "application/problem+json", "{what}: {media}");
    assert!(answer.header("server").is_empty() || !answer.header("server").contains("axum"), "{what}");
    assert!(answer.header("x-powered-by").is_empty() && answer.header("set-cookie").is_empty(), "{what}");
}

#[tokio::test]
async fn every_response_has_security_headers() {
    let system = System::get().await;
    let key = system.stack.key.clone();
    let (id, file) = finished(system).await;
    let access = Access { datasets: None, writes: false };
    let tenant = "demo".parse().unwrap();
    let reader = NewKey { tenant, label: "e2e headers".into(), access, expires_secs: None };
    let reader = system.store().create_key_for(&reader).await.unwrap();
    let json = ("content-type", "application/json");
    let mut seen = BTreeSet::new();
    let mut look = |answer: ApiResponse, what: &str| {
        guarded(&answer, what);
        seen.insert(answer.status.as_u16());
        answer
    };
    save().await;
    // The deletion comes last, because nothing is left to query after it.
    let (deletes, others): (Vec<_>, Vec<_>) = ROUTES.into_iter().partition(|(method, _)| *method == "DELETE");
    for (method, route) in others.into_iter().chain(deletes) {
        let name = if route.starts_with("/datasets") { "whole" } else { &file };
        let path = route.replace("{id}", &id).replace("{name}", name).replace("{dataset}", "whole");
        let path = path.replace("{saved}", SAVED);
        let (method, body) = (method.parse::<Method>().unwrap(), body_for(route).to_string());
        let send =
            async |method: &Method, path: &str, key: Option<&str>, headers: &[(&str, &str)], body: &str| {
                call(method.clone(), path, key, headers, Some(body)).await
            };
        look(send(&method, &path, None, &[json], &body).await, &path);
        look(send(&Method::PATCH, &path, Some(&key), &[json], &body).await, &path);
        look(send(&method, &path, Some(&reader), &[json], &body).await, &path);
        look(
            send(
                &method,
                &format!("{path}{}nonsense=1", if path.contains('?') { '&' } else { '?' }),
                Some(&key),
                &[json],
                &body,
            )
            .await,
            &path,
        );
        if method == Method::POST && body != "{}" {
            let large = format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20));
            look(send(&method, &path, Some(&key), &[json], "{").await, &path);
            look(send(&method, &path, Some(&key), &[json], &json!({"a": 1}).to_string()).await, &path);
            look(send(&method, &path, Some(&key), &[("content-type", "text/csv")], &body).await, &path);
            look(send(&method, &path, Some(&key), &[json], &large).await, &path);
        }
        let answer = look(send(&method, &path, Some(&key), &[json], &body).await, &path);
        if method == Method::GET && !answer.header("etag").is_empty() {
            let known = [json, ("if-none-match", answer.header("etag"))];
            let again = look(send(&method, &path, Some(&key), &known, &body).await, &path);
            assert!([200, 304].contains(&again.status.as_u16()), "{path}");
        }
    }
    // Another environment of the api may return the export for as long as it keeps the key.
    eventually("the deleted export is gone", async || {
        let answer = call(Method::GET, &format!("/exports/{id}"), Some(&key), &[], None).await;
        look(answer, "gone").status.as_u16() == 404
    })
    .await;
    let all = [200, 202, 204, 304, 307, 400, 401, 403, 404, 405, 409, 413, 415, 422];
    assert!(all.iter().all(|status| seen.contains(status)), "{seen:?}");
}
