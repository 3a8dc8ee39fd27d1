//! `sluice mcp`: the tools of a language model, over stdin and stdout.
//!
//! The Model Context Protocol: JSON-RPC 2.0, one message or batch per line. Tools that change something exist only with
//! `--allow-export`.

use std::io::Write;

use serde_json::{Value, json};

use super::outcome::{Failure, Outcome};
use crate::Client;
use crate::error::with_causes;
use crate::text::reworded;

mod schema;
mod tools;

/// Versions of the protocol that differ in nothing used here. The first is offered to clients with another one.
const VERSIONS: [&str; 3] = ["2025-06-18", "2025-03-26", "2024-11-05"];

/// Error codes of JSON-RPC.
const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const NO_METHOD: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;

const INSTRUCTIONS: &str = "Sluice exports datasets of a PostgreSQL database to files. List the datasets first, then \
                            plan an export to learn its size, duration and cost. Dates are inclusive days.";

const EXAMPLES: &str = "Examples:
  sluice mcp                            datasets, plans, exports and files; changes nothing
  sluice mcp --allow-export             also creates and cancels exports
  sluice mcp --profile test

In the configuration of an assistant:
  {\"mcpServers\": {\"sluice\": {\"command\": \"sluice\", \"args\": [\"mcp\"]}}}";

/// Serve the API to an assistant, as a Model Context Protocol server on stdin and stdout
///
/// Read-only unless --allow-export is set. Use a read-only key with it, which the API itself enforces.
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice mcp [OPTIONS]", after_help = EXAMPLES)]
pub(super) struct Mcp {
    /// Also offer the tools that create and cancel exports
    #[arg(long)]
    allow_export: bool,
}

impl Mcp {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        loop {
            let line = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                std::io::stdin().read_line(&mut line).map(|bytes| (bytes > 0).then_some(line))
            });
            let line = line.await.map_err(std::io::Error::other).and_then(|read| read);
            let line = line.map_err(|error| Failure::Local(format!("stdin cannot be read: {error}")))?;
            // The end of stdin is the end of the session.
            let Some(line) = line else { return Ok(Outcome::verbatim(String::new())) };
            if line.trim().is_empty() {
                continue;
            }
            if let Some(reply) = reply(client, self.allow_export, &line).await {
                let mut out = std::io::stdout().lock();
                writeln!(out, "{reply}")
                    .and_then(|()| out.flush())
                    .map_err(|error| Failure::Local(format!("stdout cannot be written: {error}")))?;
            }
        }
    }
}

/// Returns the reply to a line; `None` for a notification.
async fn reply(client: &Client, allow_export: bool, line: &str) -> Option<Value> {
    match serde_json::from_str::<Value>(line) {
        Err(_) => Some(failed(&Value::Null, PARSE_ERROR, "the line is not JSON")),
        Ok(Value::Array(batch)) if !batch.is_empty() => {
            let mut replies = Vec::new();
            for message in &batch {
                replies.extend(reply_to(client, allow_export, message).await);
            }
            (!replies.is_empty()).then_some(Value::Array(replies))
        }
        Ok(message) => reply_to(client, allow_export, &message).await,
    }
}

/// Returns the reply to a message; `None` for a notification.
async fn reply_to(client: &Client, allow_export: bool, message: &Value) -> Option<Value> {
    let Some(method) = message["method"].as_str() else {
        return Some(failed(&message["id"], INVALID_REQUEST, "the message has no method"));
    };
    let id = message.get("id")?;
    let params = &message["params"];
    let result = match method {
        "initialize" => Ok(greeting(params)),
        "ping" => Ok(json!({})),
        "tools/list" => Ok(json!({"tools": tools::list(allow_export)})),
        "tools/call" => call(client, allow_export, params).await,
        other => Err((NO_METHOD, format!("there is no method {other:?}"))),
    };
    Some(match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err((code, text)) => failed(id, code, &text),
    })
}

fn greeting(params: &Value) -> Value {
    let wanted = params["protocolVersion"].as_str().unwrap_or_default();
    let version = VERSIONS.iter().find(|version| **version == wanted).unwrap_or(&VERSIONS[0]);
    json!({
        "protocolVersion": version, "capabilities": {"tools": {}}, "instructions": INSTRUCTIONS,
        "serverInfo": {"name": "sluice", "version": env!("CARGO_PKG_VERSION")},
    })
}

/// Calls a tool. An error of the api is a result that the model can read, not an error of the protocol.
async fn call(client: &Client, allow_export: bool, params: &Value) -> Result<Value, (i64, String)> {
    let name = params["name"].as_str().unwrap_or_default();
    if !tools::exists(name, allow_export) {
        let hint = if tools::exists(name, true) { "; start sluice mcp with --allow-export" } else { "" };
        return Err((INVALID_PARAMS, format!("there is no tool {name:?}{hint}")));
    }
    let (text, failed) = match tools::call(client, name, &params["arguments"]).await {
        Ok(data) => (data.to_string(), false),
        Err(tools::ToolError::Arguments(text)) => return Err((INVALID_PARAMS, text)),
        Err(tools::ToolError::Client(error)) => (in_tools(&with_causes(&*error)), true),
    };
    Ok(json!({"content": [{"type": "text", "text": text}], "isError": failed}))
}

/// Requests of the api that its texts name, and the tools that send them.
const TERMS: [(&str, &str); 3] = [
    ("GET /api/v1/datasets/{name}", "list_datasets with the name"),
    ("GET /api/v1/datasets", "list_datasets"),
    ("; see violations", ""),
];

/// Replaces requests of the api with tools in one of its texts.
fn in_tools(text: &str) -> String {
    reworded(text, &TERMS)
}

fn failed(id: &Value, code: i64, text: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, Server};

    async fn answer(server: &Server, allow: bool, method: &str, params: Value) -> Value {
        let line = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string();
        let answer = reply(&server.client(), allow, &line).await.unwrap();
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)));
        answer
    }

    #[tokio::test]
    async fn session_begins_with_the_version_of_the_client() {
        let server = Server::start(|_, _| Reply::new(500, ""));
        let version = |answer: Value| answer["result"]["protocolVersion"].as_str().map(str::to_owned);
        for (wanted, agreed) in [("2024-11-05", "2024-11-05"), ("1999-01-01", "2025-06-18")] {
            let answer = answer(&server, false, "initialize", json!({"protocolVersion": wanted})).await;
            assert_eq!(version(answer).as_deref(), Some(agreed));
        }
        let note = r#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#;
        assert_eq!(reply(&server.client(), false, note).await, None);
        assert_eq!(reply(&server.client(), false, "{").await.unwrap()["error"]["code"], json!(PARSE_ERROR));
        let unknown = answer(&server, false, "resources/list", json!({})).await;
        assert_eq!(unknown["error"]["code"], json!(NO_METHOD));
    }

    #[tokio::test]
    async fn tools_that_change_something_need_permission() {
        let server = Server::start(|_, _| Reply::new(500, ""));
        let listed = |answer: Value| {
            let tools = answer["result"]["tools"].as_array().unwrap().clone();
            tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let read_only = listed(answer(&server, false, "tools/list", json!({})).await);
        assert_eq!(
            read_only,
            ["list_datasets", "plan_export", "list_exports", "export_status", "list_files"]
        );
        let all = listed(answer(&server, true, "tools/list", json!({})).await);
        assert_eq!(all[5..], ["create_export", "cancel_export"]);
        let call = json!({"name": "create_export", "arguments": {"request": {"datasets": "*"}}});
        let refused = answer(&server, false, "tools/call", call).await;
        assert!(refused["error"]["message"].as_str().unwrap().contains("--allow-export"), "{refused}");
        assert!(server.requests().is_empty());
    }

    #[tokio::test]
    async fn arguments_that_a_tool_does_not_have_are_refused() {
        let server = Server::start(|_, _| Reply::new(200, r#"{"exports": []}"#));
        for (arguments, part) in [
            (
                json!({"state": "failed"}),
                "the arguments of list_exports are acceptedBefore, acceptedFrom, cursor",
            ),
            (json!({"cursor": 5}), "cursor must be of type string"),
            (json!({"labels": {"team": 1}}), "labels must be of type object of strings"),
            (json!({"status": 7}), "status must be of type string"),
            (json!(["failed"]), "not a JSON object"),
        ] {
            let call = json!({"name": "list_exports", "arguments": arguments});
            let refused = answer(&server, false, "tools/call", call).await;
            let text = refused["error"]["message"].as_str().unwrap_or_default();
            assert!(text.contains(part), "{refused}");
        }
        assert!(server.requests().is_empty());
        let call = json!({"name": "list_exports", "arguments": {"labels": {"team": "x"}, "cursor": null}});
        assert_eq!(answer(&server, false, "tools/call", call).await["result"]["isError"], json!(false));
    }

    #[tokio::test]
    async fn batch_returns_the_replies_to_its_requests() {
        let server = Server::start(|_, _| Reply::new(404, "{}"));
        let client = server.client();
        let batch = json!([
            {"jsonrpc": "2.0", "id": 1, "method": "ping"},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 2, "method": "nonsense"},
        ]);
        let replies = reply(&client, false, &batch.to_string()).await.unwrap();
        assert_eq!(replies.as_array().unwrap().len(), 2);
        assert_eq!((&replies[0]["id"], &replies[1]["error"]["code"]), (&json!(1), &json!(NO_METHOD)));
        let silent = json!([{"jsonrpc": "2.0", "method": "notifications/initialized"}]);
        assert!(reply(&client, false, &silent.to_string()).await.is_none());
        assert_eq!(reply(&client, false, "[]").await.unwrap()["error"]["code"], json!(INVALID_REQUEST));
    }

    #[test]
    fn errors_of_the_api_name_tools() {
        assert_eq!(
            in_tools("GET /api/v1/datasets/{name} lists the columns"),
            "list_datasets with the name lists the columns"
        );
        assert_eq!(in_tools("GET /api/v1/datasets lists them"), "list_datasets lists them");
    }

    #[tokio::test]
    async fn tool_returns_json_or_the_error_of_the_api() {
        let server = Server::start(|_, request| match request.line.as_str() {
            "GET /api/v1/datasets" => Reply::new(200, r#"{"revision": "r", "datasets": []}"#),
            _ => Reply::new(
                404,
                r#"{"title": "Not Found", "detail": "there is no such export", "status": 404}"#,
            ),
        });
        let listed = answer(&server, false, "tools/call", json!({"name": "list_datasets"})).await;
        assert_eq!(listed["result"]["content"][0]["text"], json!(r#"{"datasets":[],"revision":"r"}"#));
        let id = export::id::ExportId::from_random([7; 16]);
        let call = json!({"name": "export_status", "arguments": {"id": id}});
        let missing = answer(&server, false, "tools/call", call).await;
        assert_eq!(missing["result"]["isError"], json!(true));
        let call = json!({"name": "export_status", "arguments": {"id": "x"}});
        assert_eq!(answer(&server, false, "tools/call", call).await["error"]["code"], json!(INVALID_PARAMS));
    }
}
