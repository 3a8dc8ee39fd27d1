//! Parameters and headers of the operations.

/// Parameter: name, place, description and JSON schema.
pub(in super::super) type Parameter = (&'static str, &'static str, &'static str, &'static str);

/// Every parameter and header. Those in the path are required.
pub(in super::super) const PARAMETERS: [Parameter; 23] = [
    ("id", "path", "Id of an export.", r#"{"type": "string", "format": "uuid"}"#),
    (
        "name",
        "path",
        "Name of a dataset, or of a file; slashes of a file's name may be encoded.",
        r#"{"type": "string", "minLength": 1}"#,
    ),
    ("dataset", "path", "Name of a dataset.", r#"{"type": "string", "minLength": 1}"#),
    (
        "saved",
        "path",
        "Name of a saved export.",
        r#"{"type": "string", "pattern": "^[a-z0-9_-]{1,64}$", "examples": ["orders-daily"]}"#,
    ),
    ("dryRun", "query", "True: only plan the export.", r#"{"type": "boolean", "default": false}"#),
    ("status", "query", "Status of the exports.", r##"{"$ref": "#/components/schemas/ExportStatus"}"##),
    (
        "inDataset",
        "query",
        "Name of a dataset that the exports have.",
        r#"{"type": "string", "minLength": 1}"#,
    ),
    ("label", "query", "Label of the exports.", r#"{"type": "string", "minLength": 1}"#),
    (
        "labelContains",
        "query",
        "Part of the label of the exports, in upper or lower case.",
        r#"{"type": "string", "minLength": 1}"#,
    ),
    (
        "labels",
        "query",
        "Labels that the exports have: name:value, several separated by commas.",
        r#"{"type": "string", "pattern": "^[A-Za-z0-9._-]+:[^,]*(,[A-Za-z0-9._-]+:[^,]*)*$"}"#,
    ),
    (
        "acceptedFrom",
        "query",
        "First time of acceptance: a day of UTC, or an RFC 3339 instant.",
        r#"{"type": "string", "examples": ["2024-01-31", "2024-01-31T12:00:00Z"]}"#,
    ),
    (
        "acceptedBefore",
        "query",
        "Time before which the exports were accepted: a day of UTC, or an RFC 3339 instant.",
        r#"{"type": "string", "examples": ["2024-01-31", "2024-01-31T12:00:00Z"]}"#,
    ),
    ("cursor", "query", "nextCursor of the previous page.", r#"{"type": "string"}"#),
    (
        "limit",
        "query",
        "Maximum number of entries on a page.",
        r#"{"type": "integer", "minimum": 1, "maximum": 100, "default": 20}"#,
    ),
    (
        "longLimit",
        "query",
        "Maximum number of entries on a page; of files with links 100.",
        r#"{"type": "integer", "minimum": 1, "maximum": 1000, "default": 200}"#,
    ),
    (
        "if",
        "query",
        "Only act on an export in this state: live cancels it, ended deletes it. Otherwise the response is 409.",
        r#"{"type": "string", "enum": ["live", "ended"]}"#,
    ),
    ("links", "query", "True: with a link for each file.", r#"{"type": "boolean", "default": false}"#),
    (
        "Idempotency-Key",
        "header",
        "A repeat with the same key and request returns the existing export.",
        r#"{"type": "string", "pattern": "^[!-~]{1,255}$"}"#,
    ),
    (
        "Cache-Control",
        "header",
        "no-cache: read all data again; max-age=N: reuse nothing that is older than N seconds, unless the source shows that it is unchanged.",
        r#"{"type": "string", "examples": ["no-cache", "max-age=3600"]}"#,
    ),
    (
        "Prefer",
        "header",
        "wait=N: wait up to N seconds (at most 20) for the end of the export, or for a change if If-None-Match is sent.",
        r#"{"type": "string", "examples": ["wait=20"]}"#,
    ),
    (
        "respondAsync",
        "header",
        "respond-async: answered with Preference-Applied. The api never responds otherwise.",
        r#"{"type": "string", "examples": ["respond-async"]}"#,
    ),
    ("If-None-Match", "header", "ETag of an earlier response.", r#"{"type": "string"}"#),
    (
        "traceparent",
        "header",
        "Trace of the client (W3C Trace Context), which the logs of the api and of the workers repeat.",
        r#"{"type": "string"}"#,
    ),
];

/// Names under which parameters of one name with different schemas are listed.
pub(in super::super) const ALIASES: [(&str, &str); 3] =
    [("inDataset", "dataset"), ("longLimit", "limit"), ("respondAsync", "Prefer")];
