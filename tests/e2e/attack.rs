//! Attacks: other tenants' ids, SQL in every string, paths, headers, links, keys, tokens. Each is rejected with the
//! right status and reveals nothing.

mod conditions;
mod erased;
mod headers;
mod injection;
mod isolation;
mod keys;
mod links;
mod logs;
mod marks;
mod paths;
mod quoting;
mod scopes;
mod source_role;
mod tokens;

pub(crate) use logs::json_lines;
use serde_json::{Value, json};
use tests::System;

/// Returns a body that fits the route, with the dates of the test data.
pub(crate) fn body_for(path: &str) -> Value {
    match path {
        "/exports" => json!({"datasets": ["whole"], "startDate": "2024-01-01", "endDate": "2024-01-02"}),
        "/saved" => json!({"name": "attack-new", "request": {"datasets": ["whole"]}}),
        "/saved/{saved}" => json!({"request": {"datasets": ["whole"]}}),
        "/{dataset}" => json!({"startDate": "2024-01-01", "endDate": "2024-01-02"}),
        _ => json!({}),
    }
}

/// Name of a saved export that exists.
pub(crate) const SAVED: &str = "attack";

/// Saves an export of that name, unless it is saved.
pub(crate) async fn save() {
    let body = json!({"name": SAVED, "request": {"datasets": ["whole"], "startDate": "2024-01-01", "endDate": "2024-01-02"}});
    let status = crate::api::post("/saved", &body).await.status.as_u16();
    assert!([201, 409].contains(&status), "{status}");
}

/// Returns the id of a finished export of the small datasets and the name of one of its files.
pub(crate) async fn finished(system: &System) -> (String, String) {
    let request = json!({"datasets": ["notes", "whole"], "startDate": "2024-01-01", "endDate": "2024-12-31"});
    let exported = system.export(&request).await.unwrap();
    let file = exported.manifest.datasets.iter().flat_map(|d| &d.chunks).find_map(|c| c.file.as_ref());
    (exported.manifest.export.to_string(), file.unwrap().name.clone())
}
