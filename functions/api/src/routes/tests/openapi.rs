//! The description of the api (`openapi.json`), its page (`reference.html`) and the schema of manifests
//! (`manifest.schema.json`), made from the table of operations and the schemas of the wire types. Set
//! `SLUICE_WRITE_GOLDEN=1` to write them again.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Map, Value, json};

use super::super::operations::{ALIASES, ERRORS, OPERATIONS, Operation, PARAMETERS};
use super::*;
use crate::problem_kind::KINDS;

mod lint;
mod manifest;
mod page;

const SCHEMAS: &str = include_str!("../../../../lib/export/schemas.json");

/// Variable under which the golden files are written again.
const WRITE: &str = "SLUICE_WRITE_GOLDEN";

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// Headers of responses: name and description.
const HEADERS: [(&str, &str); 9] = [
    ("X-Request-Id", "Id of the request, by which the operator finds its log."),
    (
        "Link",
        "Links relative to the request: describedby, and next or monitor where there is one (RFC 8288).",
    ),
    ("RateLimit", "Requests that are possible now, and seconds until all are possible again."),
    ("RateLimit-Policy", "Number of requests that are possible within a number of seconds."),
    ("ETag", "Weak tag of the content, for If-None-Match."),
    ("Location", "The created or saved export, relative to the request; or the link."),
    ("Retry-After", "Seconds until the next try."),
    ("Preference-Applied", "The preference of the client that was met."),
    ("Repr-Digest", "SHA-256 of the file (RFC 9530)."),
];

fn header_refs(names: &[&str]) -> Value {
    let reference =
        |name: &&str| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
    names.iter().map(reference).collect::<Map<_, _>>().into()
}

/// Returns the name of a response of this status among the components.
fn problem_name(status: u16) -> String {
    format!("Problem{status}")
}

fn problem(status: u16) -> Value {
    let kinds = KINDS.iter().filter(|kind| kind.status == status).map(|kind| format!("`{}`", kind.name));
    let kinds: Vec<_> = kinds.collect();
    let reason = StatusCode::from_u16(status).unwrap().canonical_reason().unwrap();
    let types = if kinds.is_empty() { String::new() } else { format!(" Types: {}.", kinds.join(", ")) };
    let mut headers = vec!["X-Request-Id", "Link"];
    headers.extend([409, 429, 503].contains(&status).then_some("Retry-After"));
    json!({
        "description": format!("{reason}.{types}"),
        "headers": header_refs(&headers),
        "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}

fn parameter(name: &str) -> Value {
    let (_, place, description, schema) = PARAMETERS.into_iter().find(|one| one.0 == name).unwrap();
    let shown = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, shown)| *shown);
    let schema: Value = serde_json::from_str(schema).unwrap();
    let mut parameter = json!({"name": shown, "in": place, "description": description, "schema": schema});
    if place == "path" {
        parameter["required"] = true.into();
    }
    parameter
}

fn response(operation: &Operation, status: u16, description: &str, schema: Option<&str>) -> Value {
    let mut headers = vec!["X-Request-Id", "Link"];
    if operation.route.1 != "/health" {
        headers.extend(["RateLimit", "RateLimit-Policy"]);
    }
    let reads = operation.route.0 == "GET";
    headers.extend((reads && [200, 304].contains(&status)).then_some("ETag"));
    headers.extend(
        [201, 202, 307].contains(&status).then_some("Location").filter(|_| operation.id != "deleteExport"),
    );
    headers.extend((status == 202).then_some("Retry-After"));
    headers.extend(operation.parameters.contains(&"Prefer").then_some("Preference-Applied"));
    headers.extend(operation.parameters.contains(&"respondAsync").then_some("Preference-Applied"));
    headers.extend((operation.id == "getFile").then_some("Repr-Digest"));
    if (operation.id, status) == ("getManifest", 200) {
        // The bucket sends it, not the api.
        headers.clear();
    }
    let mut response = json!({"description": description, "headers": header_refs(&headers)});
    if let Some(schema) = schema {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        response["content"] = json!({"application/json": {"schema": schema}});
    }
    response
}

fn operation(operation: &Operation) -> Value {
    let mut responses = Map::new();
    for (status, description, schema) in operation.responses {
        responses.insert(status.to_string(), response(operation, *status, description, *schema));
    }
    let public = operation.route.1 == "/health";
    let errors: BTreeSet<u16> = ERRORS.iter().filter(|_| !public).chain(operation.errors).copied().collect();
    for status in errors {
        let reference = format!("#/components/responses/{}", problem_name(status));
        responses.insert(status.to_string(), json!({"$ref": reference}));
    }
    let parameters = operation.parameters.iter();
    let parameters: Vec<_> =
        parameters.map(|name| json!({"$ref": format!("#/components/parameters/{name}")})).collect();
    let mut described = json!({
        "operationId": operation.id, "tags": [operation.tag], "summary": operation.summary,
        "description": operation.description, "parameters": parameters, "responses": responses,
    });
    if public {
        described["security"] = json!([]);
    }
    if let Some((schema, examples)) = operation.body {
        let example = |(name, summary, text): &(&str, &str, &str)| {
            let value: Value = serde_json::from_str(text).unwrap();
            ((*name).to_owned(), json!({"summary": summary, "value": value}))
        };
        let examples: Map<_, _> = examples.iter().map(example).collect();
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        described["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema, "examples": examples}}});
    }
    described
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for one in &OPERATIONS {
        let path = paths.entry(one.route.1).or_insert_with(|| json!({}));
        path[one.route.0.to_lowercase()] = operation(one);
    }
    let statuses: BTreeSet<u16> =
        OPERATIONS.iter().flat_map(|one| one.errors.iter().copied()).chain(ERRORS).collect();
    let problems: Map<_, _> =
        statuses.into_iter().map(|status| (problem_name(status), problem(status))).collect();
    let parameters: Map<_, _> = PARAMETERS.iter().map(|one| (one.0.to_owned(), parameter(one.0))).collect();
    let header = |(name, description): (&str, &str)| {
        (name.to_owned(), json!({"description": description, "schema": {"type": "string"}}))
    };
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Sluice", "version": "1",
            "summary": "Bulk export of PostgreSQL",
            "description": "Exports datasets of a PostgreSQL database to files. A request is accepted at once; its files \
                            are fetched through links when they are written. Errors are problems (RFC 9457) that list \
                            every violation with its place and its remedy.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": BASE_PATH, "description": "This host"}],
        "security": [{"key": []}],
        "tags": [
            {"name": "Datasets", "description": "What may be exported."},
            {"name": "Exports", "description": "Requests and their progress."},
            {"name": "Files", "description": "What an export has written."},
            {"name": "Saved", "description": "Requests that are kept, with relative dates and schedules."},
            {"name": "Service", "description": "The api itself."},
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {
                "type": "http", "scheme": "bearer",
                "description": "An API key (slc_…), or a token of the deployment's issuer.",
            }},
            "schemas": serde_json::from_str::<Value>(SCHEMAS).unwrap(),
            "parameters": parameters,
            "headers": HEADERS.into_iter().map(header).collect::<Map<_, _>>(),
            "responses": problems,
        },
    })
}

/// Compares a file of this crate with its expected text, after it is written if that is requested.
fn golden(name: &str, text: &str) {
    let path = format!("{FOLDER}/{name}");
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, text).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap() == text, "{name} is out of date: set SLUICE_WRITE_GOLDEN=1");
}

#[test]
fn description_and_its_documents_match_the_golden_files() {
    let document = document();
    golden("openapi.json", &format!("{}\n", serde_json::to_string_pretty(&document).unwrap()));
    golden("reference.html", &page::render(&document));
    golden(
        "manifest.schema.json",
        &format!("{}\n", serde_json::to_string_pretty(&manifest::schema()).unwrap()),
    );
}

#[test]
fn every_route_has_an_operation() {
    let routes: Vec<_> = TABLE.iter().map(|route| (route.method, route.path)).collect();
    let described: Vec<_> = OPERATIONS.iter().map(|operation| operation.route).collect();
    assert_eq!(described, routes);
}

#[tokio::test]
async fn documents_need_no_key() {
    for (path, media_type) in [
        ("/api/v1/openapi.json", "application/openapi+json"),
        ("/api/v1/manifest.schema.json", "application/schema+json"),
        ("/prod/api/v1/reference.html", "text/html; charset=utf-8"),
        ("/api/v1/reference.css", "text/css; charset=utf-8"),
        ("/api/v1/problems/busy", "text/html; charset=utf-8"),
        (
            "/.well-known/api-catalog",
            "application/linkset+json; profile=\"https://www.rfc-editor.org/info/rfc9727\"",
        ),
    ] {
        let ask =
            |method: Method| send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap());
        let get = ask(Method::GET).await;
        assert_eq!(
            (get.status().as_u16(), header_of(&get, "content-type")),
            (200, Some(media_type)),
            "{path}"
        );
        let policy = header_of(&get, "content-security-policy").unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
        let head = ask(Method::HEAD).await;
        assert_eq!(header_of(&get, "etag"), header_of(&head, "etag"), "{path}");
        assert!(axum::body::to_bytes(head.into_body(), 1 << 20).await.unwrap().is_empty());
        let options = ask(Method::OPTIONS).await;
        assert_eq!(
            (options.status().as_u16(), header_of(&options, "allow")),
            (204, Some("GET, HEAD, OPTIONS"))
        );
        let post = ask(Method::POST).await;
        assert_eq!((post.status().as_u16(), header_of(&post, "allow")), (405, Some("GET, HEAD, OPTIONS")));
    }
    let unknown = Request::get("/api/v1/problems/none").body(Body::empty()).unwrap();
    assert_eq!(send(unknown).await.status(), 401);
}
