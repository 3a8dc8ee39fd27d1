//! `GET /exports/{id}` of a warm api, the call that clients repeat most.
//!
//! The export waits (Sluice is paused), so no cache holds it and every call queries the store through the pooler.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::emulator::Emulator;
use crate::machine::signals;
use crate::machine::venv::Venv;
use crate::stack::admin;
use crate::stack::state::Stack;

/// Untimed calls before the measurement.
const WARM_UP: usize = 50;

/// Creates an export through the api and queries it repeatedly. Returns the time of each call.
pub(super) fn ask(
    api: &Emulator,
    stack: &Stack,
    venv: &Venv,
    event: &Value,
    calls: usize,
) -> Result<Vec<Duration>> {
    admin::expect(stack, venv, &["pause"])?;
    let body = json!({"datasets": ["orders"], "startDate": "2024-01-01", "endDate": "2024-01-31"});
    let (made, _) = api.call(&request(event, &stack.key, "POST", "/exports", Some(&body)))?;
    let id = body_of(&made, 202)?["id"].as_str().context("an export without an id")?.to_owned();
    let status = request(event, &stack.key, "GET", &format!("/exports/{id}"), None);
    let mut took = Vec::with_capacity(calls);
    for call in 0..WARM_UP + calls {
        let (answer, time) = api.call(&status)?;
        let said = body_of(&answer, 200)?;
        if said["id"] != id.as_str() || said["status"] == "succeeded" {
            bail!("the export is not waiting: {said}");
        }
        if call >= WARM_UP {
            took.push(time);
        }
        signals::check()?;
    }
    Ok(took)
}

/// Returns the shipped event with another method, path, key and body.
fn request(event: &Value, key: &str, method: &str, path: &str, body: Option<&Value>) -> Value {
    let (mut event, path) = (event.clone(), format!("/api/v1{path}"));
    let route = format!("{method} {path}");
    event["rawPath"] = json!(path);
    event["routeKey"] = json!(route);
    event["requestContext"]["routeKey"] = json!(route);
    event["requestContext"]["http"]["method"] = json!(method);
    event["requestContext"]["http"]["path"] = json!(path);
    event["headers"]["authorization"] = json!(format!("Bearer {key}"));
    if let Some(body) = body {
        event["headers"]["content-type"] = json!("application/json");
        event["body"] = json!(body.to_string());
    }
    event
}

/// Returns the body of a response for API Gateway if it has the given status.
fn body_of(answer: &Value, status: u16) -> Result<Value> {
    if answer["statusCode"] != status {
        bail!("the api returned {} instead of {status}: {}", answer["statusCode"], answer["body"]);
    }
    let body = answer["body"].as_str().context("a response without a body")?;
    serde_json::from_str(body).context("a response that is not JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_becomes_another_request() {
        let event =
            json!({"rawPath": "/x", "requestContext": {"http": {"method": "GET"}, "stage": "$default"}});
        let made = request(&event, "slc_1", "POST", "/exports", Some(&json!({"a": 1})));
        assert_eq!(made["rawPath"], "/api/v1/exports");
        assert_eq!(made["requestContext"]["http"]["method"], "POST");
        assert_eq!(made["requestContext"]["stage"], "$default");
        assert_eq!(made["headers"]["authorization"], "Bearer slc_1");
        assert_eq!(made["body"], "{\"a\":1}");
    }

    #[test]
    fn an_answer_of_another_status_is_an_error() {
        let answer = json!({"statusCode": 202, "body": "{\"id\":\"1\"}"});
        assert_eq!(body_of(&answer, 202).unwrap()["id"], "1");
        assert!(body_of(&answer, 200).is_err());
    }
}
