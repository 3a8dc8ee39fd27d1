//! The HTTP contract, through the emulated API Gateway and the real binaries.

mod addresses;
mod bad_requests;
mod caching;
mod conventions;
mod description;
pub(crate) mod exports;
mod isolation;
mod limits;
mod manifests;
mod paths;

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tests::System;

/// A response, read to its end.
pub(crate) struct ApiResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl ApiResponse {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// Returns the body as text, without the id that each request has.
    pub(crate) fn text(&self) -> String {
        let text = self.body.to_string();
        match self.body["requestId"].as_str() {
            Some(request) => text.replace(request, "{requestId}"),
            None => text,
        }
    }

    /// Returns the pointers of all violations.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let mut pointers: Vec<_> = self.body["violations"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|v| v["pointer"].as_str().unwrap().to_owned())
            .collect();
        pointers.sort();
        pointers
    }
}

/// Sends one request without following redirects. `path` is below `/api/v1`.
pub(crate) async fn call(
    method: Method,
    path: &str,
    key: Option<&str>,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> ApiResponse {
    let system = System::get().await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let base = system.stack.url.trim_end_matches('/').trim_end_matches("/api/v1");
    let mut request = http.request(method, format!("{base}/api/v1{path}"));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.body(body.to_owned());
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    ApiResponse { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

pub(crate) async fn get(path: &str) -> ApiResponse {
    call(Method::GET, path, Some(&System::get().await.stack.key), &[], None).await
}

pub(crate) async fn post(path: &str, body: &Value) -> ApiResponse {
    let key = &System::get().await.stack.key;
    call(Method::POST, path, Some(key), &[("content-type", "application/json")], Some(&body.to_string()))
        .await
}
