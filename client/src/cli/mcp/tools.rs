//! The tools: their descriptions, arguments and calls.

use export::id::ExportId;
use export::state::ExportStatus;
use serde::Serialize;
use serde_json::{Value, json};

use super::schema;
use crate::cli::export::random_key;
use crate::{Client, Error, ExportFilter};

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

const TIME: &str = "Day of UTC such as 2024-01-31, or an RFC 3339 instant";

const LINKS: &str = "Return links for downloads, which need no key and end after some time";

/// Returns the descriptions of the tools.
pub(super) fn list(allow_export: bool) -> Vec<Value> {
    let text = |what: &str| json!({"type": "string", "description": what});
    let export_id = json!({"type": "string", "format": "uuid", "description": "ID of the export"});
    let id = || json!({"id": export_id});
    let request = schema::of("ExportRequest");
    let tool = |name: &str, what: &str, properties: Value, required: &[&str]| {
        let schema = json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        });
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
            json!({
                "status": schema::of("ExportStatus"), "dataset": text("Name of a dataset that the exports have"),
                "label": text("Label of the exports"),
                "labelContains": text("Part of the label of the exports, in upper or lower case"), "acceptedFrom": text(TIME), "acceptedBefore": text(TIME),
                "labels": {"type": "object", "additionalProperties": {"type": "string"}}, "cursor": page,
            }),
            &[],
        ),
        tool("export_status", "Return status, progress and errors of an export", id(), &["id"]),
        tool(
            "list_files",
            "List the files that an export has written so far, with rows, bytes and SHA-256",
            json!({"id": export_id, "cursor": page,
                "links": {"type": "boolean", "description": LINKS}}),
            &["id"],
        ),
        tool(
            "create_export",
            "Create an export. It runs on the server; read its progress with export_status",
            json!({"request": request, "idempotencyKey": text("The same key and request return the same export")}),
            &["request"],
        ),
        tool("cancel_export", "Cancel a queued or running export; files are not deleted", id(), &["id"]),
    ];
    tools.into_iter().filter(|tool| allow_export || tool["annotations"]["readOnlyHint"] == true).collect()
}

/// Reports whether a tool exists.
pub(super) fn exists(name: &str, allow_export: bool) -> bool {
    list(allow_export).iter().any(|tool| tool["name"] == name)
}

/// Refuses arguments that the tool's description does not have, or whose type differs: a filter that is left out
/// silently would return all exports.
fn check(name: &str, arguments: &Value) -> Result<(), ToolError> {
    let Some(given) = arguments.as_object() else {
        let missing = arguments.is_null();
        return if missing {
            Ok(())
        } else {
            Err(ToolError::Arguments("arguments is not a JSON object".into()))
        };
    };
    let tools = list(true);
    let schema =
        tools.iter().find(|tool| tool["name"] == name).map(|tool| &tool["inputSchema"]["properties"]);
    let Some(properties) = schema.and_then(Value::as_object) else { return Ok(()) };
    for (argument, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        let Some(property) = properties.get(argument) else {
            let known: Vec<_> = properties.keys().map(String::as_str).collect();
            let text =
                format!("there is no argument {argument}; the arguments of {name} are {}", known.join(", "));
            return Err(ToolError::Arguments(text));
        };
        let text_values = &property["additionalProperties"]["type"] == "string";
        let fits = match property["type"].as_str() {
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("object") if text_values => {
                value.as_object().is_some_and(|map| map.values().all(Value::is_string))
            }
            Some("object") => value.is_object(),
            _ => true,
        };
        if !fits {
            let of_texts = if text_values { " of strings" } else { "" };
            let kind = property["type"].as_str().unwrap_or_default();
            return Err(ToolError::Arguments(format!(
                "the argument {argument} must be of type {kind}{of_texts}"
            )));
        }
    }
    Ok(())
}

/// Calls a tool that exists.
pub(super) async fn call(client: &Client, name: &str, arguments: &Value) -> Result<Value, ToolError> {
    check(name, arguments)?;
    let cursor = arguments["cursor"].as_str();
    match name {
        "list_datasets" => match arguments["name"].as_str() {
            Some(name) => as_json(client.dataset(name).await?),
            None => as_json(client.datasets().await?),
        },
        "plan_export" => as_json(client.plan(request(arguments)?).await?),
        "list_exports" => as_json(client.exports(&filter(arguments)?, cursor).await?),
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
        "cancel_export" => as_json(client.cancel(id(arguments)?).await?),
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

fn filter(arguments: &Value) -> Result<ExportFilter, ToolError> {
    let text = |name: &str| arguments[name].as_str().map(str::to_owned);
    let status = text("status").as_deref().map(str::parse::<ExportStatus>).transpose();
    let labels = arguments["labels"].as_object().into_iter().flatten();
    Ok(ExportFilter {
        status: status.map_err(ToolError::Arguments)?,
        dataset: text("dataset"),
        label: text("label"),
        label_contains: text("labelContains"),
        labels: labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect(),
        accepted_from: text("acceptedFrom"),
        accepted_before: text("acceptedBefore"),
    })
}

fn id(arguments: &Value) -> Result<ExportId, ToolError> {
    let text = arguments["id"].as_str().unwrap_or_default();
    text.parse().map_err(|_| ToolError::Arguments(format!("{text:?} is not the ID of an export")))
}
