//! `sluice api`: any request of the api, with the key, and its JSON.

use std::path::PathBuf;
use std::str::FromStr;

use export::wire::Problem;
use reqwest::Method;
use serde_json::{Value, json};

use super::outcome::{Failure, Outcome};
use super::request_source::read_json;
use super::terminal;
use crate::error::readable;
use crate::{Client, RawResponse};

const EXAMPLES: &str = "Examples:
  sluice api GET '/exports?status=running&limit=5'
  sluice api POST '/exports?dryRun=true' --data request.json
  echo '{\"startDate\": \"2024-01-01\"}' | sluice api POST /orders --data -
  sluice api DELETE /exports/ID";

/// Send a request to any path of the API and print the response as JSON
///
/// The key is sent along. The path may begin with /api/v1 or be relative to it. A redirect to the file storage is
/// printed and not followed. Exit code 2 if the api refuses the request, 1 if it fails.
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice api [OPTIONS] <METHOD> <PATH>", after_help = EXAMPLES)]
pub(super) struct Api {
    /// GET, POST or DELETE
    #[arg(value_name = "METHOD")]
    method: ApiMethod,
    /// Path with its query, such as '/exports?limit=5'
    #[arg(value_name = "PATH")]
    path: String,
    /// JSON file to send as the body; - reads stdin
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// For POST: send this Idempotency-Key, which makes the request safe to repeat
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

/// Method of a request.
#[derive(Clone, Debug)]
struct ApiMethod(Method);

impl FromStr for ApiMethod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_uppercase().as_str() {
            "GET" => Ok(Self(Method::GET)),
            "POST" => Ok(Self(Method::POST)),
            "DELETE" => Ok(Self(Method::DELETE)),
            _ => Err("use GET, POST or DELETE".to_owned()),
        }
    }
}

impl Api {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let ApiMethod(method) = self.method;
        if method != Method::POST && self.data.is_some() {
            return Err(Failure::Usage(format!("--data: {method} has no body; use POST, or leave it out")));
        }
        if method != Method::POST && self.idempotency_key.is_some() {
            return Err(Failure::Usage("--idempotency-key: only a POST can have one; leave it out".into()));
        }
        let body = self.data.as_deref().map(|path| read_json("--data", path)).transpose()?;
        let key = self.idempotency_key.as_deref();
        Ok(outcome(client.raw(method, &self.path, body.as_ref(), key).await?))
    }
}

fn outcome(reply: RawResponse) -> Outcome {
    let RawResponse { status, location, body } = reply;
    let data = match (body, location) {
        (Value::Null, Some(location)) => json!({"status": status, "location": location}),
        (Value::Null, None) => json!({ "status": status }),
        (body, _) => body,
    };
    if status < 400 {
        return Outcome::json(data);
    }
    let problem = serde_json::from_value::<Problem>(data.clone()).unwrap_or_default();
    let text = match problem.title.is_empty() && problem.detail.is_empty() {
        true => format!("the API returned {status}"),
        false => readable(&Problem { status, ..problem }),
    };
    terminal::error(&text);
    Outcome::json(data).with_code(if status < 500 && status != 429 { 2 } else { 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, Server};
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Words {
        #[command(flatten)]
        api: Api,
    }

    async fn run(server: &Server, words: &[&str]) -> Result<(Value, u8), String> {
        let words = Words::try_parse_from([&["api"], words].concat()).map_err(|error| error.to_string())?;
        let outcome = words.api.run(&server.client()).await.map_err(|failure| failure.to_string())?;
        Ok((outcome.data().clone(), outcome.code()))
    }

    #[tokio::test]
    async fn responses_are_printed_with_the_exit_code_of_their_status() {
        let server = Server::start(|_, request| match request.line.as_str() {
            "GET /api/v1/exports" => Reply::new(200, r#"{"exports":[]}"#),
            "GET /api/v1/exports/x/manifest" => Reply::new(307, "").header("Location", "https://store/x"),
            "DELETE /api/v1/exports/x" => Reply::new(204, ""),
            "POST /api/v1/orders" => Reply::new(422, r#"{"title":"Unprocessable","status":422}"#),
            _ => Reply::new(500, ""),
        });
        assert_eq!(run(&server, &["get", "/exports"]).await, Ok((json!({"exports": []}), 0)));
        let link = json!({"status": 307, "location": "https://store/x"});
        assert_eq!(run(&server, &["GET", "/exports/x/manifest"]).await, Ok((link, 0)));
        assert_eq!(run(&server, &["DELETE", "/exports/x"]).await, Ok((json!({"status": 204}), 0)));
        let refused = json!({"title": "Unprocessable", "status": 422});
        assert_eq!(run(&server, &["POST", "/orders"]).await, Ok((refused, 2)));
        assert_eq!(run(&server, &["POST", "/broken"]).await, Ok((json!({"status": 500}), 1)));
        assert_eq!(run(&server, &["GET", "/broken"]).await, Ok((json!({"status": 500}), 1)));
    }

    #[tokio::test]
    async fn impossible_requests_are_refused_before_they_are_sent() {
        let server = Server::start(|_, _| Reply::new(200, "{}"));
        for words in [
            &["PATCH", "/exports"][..],
            &["GET", "/exports", "--data", "-"],
            &["GET", "/exports", "--idempotency-key", "k"],
            &["GET", "https://evil.example/"],
            &["POST", "/exports", "--data", "no-such-file"],
        ] {
            assert!(run(&server, words).await.is_err(), "{words:?}");
        }
        assert!(server.requests().is_empty());
    }
}
