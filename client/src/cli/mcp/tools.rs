//! The tools: their descriptions, arguments and calls.

use export::id::ExportId;
use export::state::ExportStatus;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::export::random_key;
use crate::{Client, Error};

/// Reason why a tool has no result.
pub(super) enum ToolError {
    /// Invalid arguments.
    Arguments(String),
    /// Error of the connection or of the api.
    Client(Box<Error>),
}

impl From<Error> for ToolError {
    fn from(error: Error) -> Self {
        Self::Client(Box::new(error))
    }
}

/// Tools that need permission.
const CHANGING: [&str; 2] = ["create_export", "cancel_export"];

const REQUEST: &str = "datasets: \"*\", or a list of names or {name, columns, filters}; startDate and endDate: \
                       inclusive days, such as 2024-01-31; timeZone; format: csv, ndjson or parquet";

const LINKS: &str = "Return links for downloads, which need no key and end after some time";

/// Returns the descriptions of the tools.
pub(super) fn list(allow_export: bool) -> Vec<Value> {
    let text = |what: &str| json!({"type": "string", "description": what});
    let id = || json!({"id": text("ID of the export")});
    let request = json!({
        "type": "object", "required": ["datasets"],
        "description": REQUEST,
    });
    let tool = |name: &str, what: &str, properties: Value, required: &[&str]| {
        let schema = json!({"type": "object", "properties": properties, "required": required});
        let changes = CHANGING.contains(&name);
        let hints = json!({"readOnlyHint": !changes, "destructiveHint": name == "cancel_export"});
        json!({"name": name, "description": what, "inputSchema": schema, "annotations": hints})
    };
    let page = text("Cursor of the next page, as returned by the page before");
    let tools = [
        tool(
            "list_datasets",
            "List the datasets with columns, filters and sizes, or describe one",
            json!({"name": text("Name of one dataset")}),
            &[],
        ),
        tool(
            "plan_export",
            "Return chunks, rows, bytes, duration and cost of an export without running it",
            json!({ "request": request }),
            &["request"],
        ),
        tool(
            "list_exports",
            "List exports, newest first",
            json!({"status": text("queued, running, succeeded, failed, canceled or expired"), "cursor": page}),
            &[],
        ),
        tool("export_status", "Return status, progress and errors of an export", id(), &["id"]),
        tool(
            "list_files",
            "List the files that an export has written so far, with rows, bytes and SHA-256",
            json!({"id": text("ID of the export"), "cursor": page,
                "links": {"type": "boolean", "description": LINKS}}),
            &["id"],
        ),
        tool(
            "create_export",
            "Create an export. It runs on the server; read its progress with export_status",
            json!({"request": request, "idempotencyKey": text("The same key and request return the same export")}),
            &["request"],
        ),
        tool("cancel_export", "Cancel a live export, or delete an ended one with its files", id(), &["id"]),
    ];
    tools.into_iter().filter(|tool| allow_export || tool["annotations"]["readOnlyHint"] == true).collect()
}

/// Reports whether a tool exists.
pub(super) fn exists(name: &str, allow_export: bool) -> bool {
    list(allow_export).iter().any(|tool| tool["name"] == name)
}

/// Calls a tool that exists.
pub(super) async fn call(client: &Client, name: &str, arguments: &Value) -> Result<Value, ToolError> {
    let cursor = arguments["cursor"].as_str();
    match name {
        "list_datasets" => match arguments["name"].as_str() {
            Some(name) => as_json(client.dataset(name).await?),
            None => as_json(client.datasets().await?),
        },
        "plan_export" => as_json(client.plan(request(arguments)?).await?),
        "list_exports" => {
            let status = arguments["status"].as_str().map(str::parse::<ExportStatus>).transpose();
            as_json(client.exports(status.map_err(ToolError::Arguments)?, cursor).await?)
        }
        "export_status" => as_json(client.export(id(arguments)?).await?),
        "list_files" => {
            let links = arguments["links"].as_bool().unwrap_or(false);
            as_json(client.files(id(arguments)?, cursor, links).await?)
        }
        "create_export" => {
            let random = random_key().map_err(|failure| ToolError::Arguments(failure.to_string()))?;
            let key = arguments["idempotencyKey"].as_str().unwrap_or(&random);
            as_json(client.submit(request(arguments)?, key).await?.export)
        }
        "cancel_export" => {
            let id = id(arguments)?;
            match client.cancel(id).await? {
                Some(export) => as_json(export),
                None => Ok(json!({"id": id, "deleted": true})),
            }
        }
        other => Err(ToolError::Arguments(format!("there is no tool {other:?}"))),
    }
}

fn as_json(data: impl Serialize) -> Result<Value, ToolError> {
    serde_json::to_value(data).map_err(|source| Error::Body { what: "result", source }.into())
}

fn request(arguments: &Value) -> Result<&Value, ToolError> {
    let request = &arguments["request"];
    let missing = || ToolError::Arguments("the argument request is missing; it is a JSON object".into());
    request.is_object().then_some(request).ok_or_else(missing)
}

fn id(arguments: &Value) -> Result<ExportId, ToolError> {
    let text = arguments["id"].as_str().unwrap_or_default();
    text.parse().map_err(|_| ToolError::Arguments(format!("{text:?} is not the ID of an export")))
}
