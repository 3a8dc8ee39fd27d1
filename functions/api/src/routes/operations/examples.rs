//! Bodies that the description shows, and that the end-to-end tests send.

/// Example of a body: its name, what it shows, and the JSON.
pub(in super::super) type Example = (&'static str, &'static str, &'static str);

pub(super) const CREATE_EXAMPLES: &[Example] = &[
    ("everything", "All rows of two datasets", r#"{"datasets": ["orders", "visits"]}"#),
    (
        "range",
        "One month of some columns, as Parquet",
        r#"{"datasets": [{"name": "orders", "columns": ["id", "status", "amount", "created_at"]}],
            "startDate": "2024-01-01", "endDate": "2024-01-31", "timeZone": "Europe/Amsterdam",
            "format": "parquet", "compression": "zstd", "label": "orders of January", "labels": {"team": "finance"}}"#,
    ),
    (
        "filters",
        "Filters, and alternatives of which one must hold",
        r#"{"datasets": [{"name": "orders",
            "filters": {"status": ["paid", "shipped"], "amount": {"gte": 10}, "note": {"isNull": false}}},
            {"name": "visits", "filters": {"score": {"notIn": [1, 2]}},
             "or": [{"name": {"startsWith": "visitor 1"}}, {"score": {"gte": 10}}]}],
            "startDate": "2024-01-01", "endDate": "2024-01-07"}"#,
    ),
    (
        "sample",
        "The first hundred rows",
        r#"{"datasets": [{"name": "orders", "limit": 100}, {"name": "visits", "limit": 100}], "startDate": "2024-01-01"}"#,
    ),
    (
        "partitions",
        "Parquet in folders of months, as DuckDB, Spark and Athena read partitions",
        r#"{"datasets": ["visits"], "startDate": "2024-01-01", "endDate": "2024-03-31", "format": "parquet",
            "layout": {"hive": "month"}}"#,
    ),
    (
        "spreadsheet",
        "CSV for a spreadsheet",
        r#"{"datasets": ["visits"], "format": "csv", "compression": "none",
            "csv": {"delimiter": ";", "null": "", "header": true, "formulaGuard": true}}"#,
    ),
];

pub(super) const SHORT_EXAMPLES: &[Example] = &[(
    "week",
    "A week of one dataset",
    r#"{"startDate": "2024-01-01", "endDate": "2024-01-07", "columns": ["id", "day", "name"],
        "filters": {"score": {"isNull": false}}, "format": "ndjson"}"#,
)];

pub(super) const SAVED_EXAMPLES: &[Example] = &[
    (
        "daily",
        "Yesterday, each morning",
        r#"{"name": "visits-daily", "request": {"datasets": ["visits"], "format": "parquet"}, "range": "yesterday",
            "schedule": {"every": "daily", "at": "06:00", "zone": "Europe/Berlin", "graceMinutes": 60}}"#,
    ),
    (
        "demand",
        "A month, on demand",
        r#"{"name": "visits-month", "request": {"datasets": ["visits"]}, "range": "last closed month"}"#,
    ),
    (
        "cron",
        "The week before, on weekdays",
        r#"{"name": "visits-new", "request": {"datasets": ["visits"], "label": "visits of the week"}, "range": "last week",
            "schedule": {"every": "cron", "cron": "0 6 * * mon-fri", "zone": "America/Los_Angeles"}}"#,
    ),
];
