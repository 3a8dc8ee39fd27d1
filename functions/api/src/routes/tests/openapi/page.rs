//! The reference page: plain HTML without scripts, made from the description.

use serde_json::Value;

/// Returns the page.
pub(super) fn render(document: &Value) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Sluice: reference</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"reference.css\"></head>\n<body>\n",
    );
    html +=
        &format!("<h1>{} {}</h1>\n", text(&document["info"]["title"]), text(&document["info"]["version"]));
    html += &format!("<p>{}</p>\n", prose(&document["info"]["description"]));
    html += "<p>This page is made from <a href=\"openapi.json\">openapi.json</a>. Paths are below <code>/api/v1</code>.</p>\n";
    let operations: Vec<_> = entries(&document["paths"])
        .flat_map(|(path, methods)| {
            entries(methods).map(move |(method, operation)| (path, method, operation))
        })
        .collect();
    html += "<nav><ul>\n";
    for (_, _, operation) in &operations {
        let (id, summary) = (text(&operation["operationId"]), text(&operation["summary"]));
        html += &format!("<li><a href=\"#{id}\">{summary}</a></li>\n");
    }
    html += "</ul></nav>\n";
    for tag in list(&document["tags"]) {
        html += &format!("<h2>{}</h2>\n<p>{}</p>\n", text(&tag["name"]), prose(&tag["description"]));
        for (path, method, one) in operations.iter().filter(|(_, _, one)| one["tags"][0] == tag["name"]) {
            html += &operation(document, path, method, one);
        }
    }
    html += "<h2>Bodies</h2>\n";
    for (name, schema) in entries(&document["components"]["schemas"]) {
        html += &body(name, schema);
    }
    html + "</body>\n</html>\n"
}

fn operation(document: &Value, path: &str, method: &str, operation: &Value) -> String {
    let mut html =
        format!("<h3 id=\"{}\">{}</h3>\n", text(&operation["operationId"]), text(&operation["summary"]));
    html += &format!(
        "<p><span class=\"method\">{}</span> <code>{}</code></p>\n<p>{}</p>\n",
        method.to_uppercase(),
        escape(path),
        prose(&operation["description"])
    );
    let parameters: Vec<_> = list(&operation["parameters"]).map(|one| resolve(document, one)).collect();
    if !parameters.is_empty() {
        html += "<table><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr>\n";
        for one in parameters {
            html += &format!(
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
                text(&one["name"]),
                text(&one["in"]),
                prose(&one["description"])
            );
        }
        html += "</table>\n";
    }
    if let Some(content) = operation["requestBody"].pointer("/content/application~1json") {
        html += &format!("<p>Body: {}</p>\n", type_of(&content["schema"]));
        for (_, example) in entries(&content["examples"]) {
            let json = serde_json::to_string_pretty(&example["value"]).unwrap();
            html += &format!("<p>{}:</p>\n<pre>{}</pre>\n", text(&example["summary"]), escape(&json));
        }
    }
    html += "<table><tr><th>Status</th><th>Meaning</th><th>Body</th></tr>\n";
    for (status, response) in entries(&operation["responses"]) {
        let response = resolve(document, response);
        let schema = entries(&response["content"]).next().map(|(_, content)| type_of(&content["schema"]));
        html += &format!(
            "<tr><td>{status}</td><td>{}</td><td>{}</td></tr>\n",
            prose(&response["description"]),
            schema.unwrap_or_default()
        );
    }
    html + "</table>\n"
}

fn body(name: &str, schema: &Value) -> String {
    let mut html = format!("<h3 id=\"{name}\">{name}</h3>\n<p>{}</p>\n", prose(&schema["description"]));
    if schema["properties"].is_object() {
        html += "<table><tr><th>Field</th><th>Type</th><th>Meaning</th></tr>\n";
        for (field, one) in entries(&schema["properties"]) {
            let (kind, meaning) = (type_of(one), prose(&one["description"]));
            html += &format!("<tr><td><code>{field}</code></td><td>{kind}</td><td>{meaning}</td></tr>\n");
        }
        html += "</table>\n";
    }
    html
}

/// Returns the type of a schema, in words.
fn type_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    for key in ["anyOf", "oneOf"] {
        let choices: Vec<_> = list(&schema[key]).map(type_of).filter(|one| !one.is_empty()).collect();
        if !choices.is_empty() {
            return choices.join(" or ");
        }
    }
    if let Some(fixed) = schema["const"].as_str() {
        return format!("<code>\"{}\"</code>", escape(fixed));
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", type_of(&schema["items"])),
        Value::String(kind) => escape(kind),
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    }
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference =
        value["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    reference.unwrap_or(value)
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Returns a description: words between backticks as code, and each item of a list on a line of its own.
fn prose(value: &Value) -> String {
    let escaped = text(value).replace("\n- ", "<br>– ");
    let parts: Vec<_> = escaped.split('`').collect();
    if parts.len() % 2 == 0 {
        return escaped;
    }
    let part = |(i, part): (usize, &&str)| match i % 2 {
        0 => (*part).to_owned(),
        _ => format!("<code>{part}</code>"),
    };
    parts.iter().enumerate().map(part).collect()
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
