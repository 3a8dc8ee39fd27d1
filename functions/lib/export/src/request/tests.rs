//! Tests of the request: every violation is reported, with its place and its remedy.

use serde_json::{Value, json};

use super::*;
use crate::catalog::{Dataset, From, RangeColumn};
use crate::column::{Column, ColumnType};
use crate::range::RangeKind;
use crate::selection::{Predicate, Test};

mod conditions;
mod dates;
mod samples;

fn column(name: &str, kind: ColumnType) -> Column {
    Column::native(name, 0, kind)
}

fn dataset(name: &str, range: Option<(RangeKind, &str)>) -> (String, Dataset) {
    let range = range.map(|(kind, zone)| RangeColumn {
        name: "at".into(),
        kind,
        time_zone: Some(zone.into()),
        include_nulls: false,
    });
    let dataset = Dataset {
        from: From::Relation { schema: "shop".into(), name: name.into() },
        columns: vec![
            column("id", ColumnType::Int8),
            column("email", ColumnType::Text),
            column("a/b", ColumnType::Text),
        ],
        range,
        key: None,
        tenant_column: None,
        shared: true,
        filters: vec![
            column("country", ColumnType::Text),
            column("total", ColumnType::Numeric),
            column("visits", ColumnType::Int2),
            column("extra", ColumnType::Json),
        ],
        settle_after_secs: Some(3600),
        order: vec![],
        epoch: 1,
        search_path: vec![],
    };
    (name.to_owned(), dataset)
}

fn revision() -> Revision {
    let datasets = [
        dataset("orders", Some((RangeKind::Instant, "UTC"))),
        dataset("customers", Some((RangeKind::Date, "UTC"))),
        dataset("visits", Some((RangeKind::Wall, "Europe/Amsterdam"))),
        dataset("countries", None),
    ];
    Revision { datasets: datasets.into() }
}

fn with_scope<T>(read: impl FnOnce(&Scope<'_>) -> T) -> T {
    read(&Scope {
        revision: &revision(),
        estimates: &BTreeMap::new(),
        tenant: &"acme".parse().unwrap(),
        source: "shop",
        limits: RequestLimits::default(),
    })
}

fn parse(body: Value) -> Result<Request, Vec<Violation>> {
    with_scope(|scope| Request::parse(&body, scope))
}

/// Makes the body of a request for `datasets` in January 2024, with the fields of `more`.
fn body(datasets: Value, more: Value) -> Value {
    let mut body = json!({"datasets": datasets, "startDate": "2024-01-01", "endDate": "2024-01-31"});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn pointers(violations: &[Violation]) -> Vec<&str> {
    violations.iter().map(|v| v.pointer.as_str()).collect()
}

#[track_caller]
fn refused(body: Value, wanted: &[&str]) -> Vec<Violation> {
    let violations = parse(body).unwrap_err();
    assert_eq!(pointers(&violations), wanted, "{violations:#?}");
    assert!(violations.iter().all(|v| !v.message.is_empty() && !v.remedy.is_empty()), "{violations:#?}");
    violations
}

#[track_caller]
fn filter_refused(filter: Value, wanted: &str) -> Vec<Violation> {
    let datasets = json!([{"name": "orders", "filters": filter}]);
    refused(body(datasets, json!({})), &[&format!("/datasets/0/filters{wanted}")])
}

#[test]
fn the_request_of_the_contract_is_accepted() {
    let request = parse(json!({
        "datasets": ["Orders", {"name": "customers", "columns": ["email", "id"],
            "filters": {"country": ["NL", "DE", "NL"], "total": {"gte": 10, "lt": "20.0"}, "visits": null}}],
        "startDate": "2023-08-31", "endDate": "2024-08-04", "timeZone": "utc",
        "format": "csv", "compression": "gzip",
        "csv": {"delimiter": ",", "null": "", "header": true, "formulaGuard": false}
    }))
    .unwrap();
    assert_eq!(request.targets.len(), 2);
    let customers = &request.targets[1];
    assert_eq!(customers.span, Some(Span { kind: RangeKind::Date, start: 19_600, end: 19_940 }));
    let names: Vec<_> = customers.selection.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["email", "id"]);
    let predicate = |column: &str, test| Predicate { column: column.into(), test, by: None };
    assert_eq!(
        customers.selection.predicates,
        [
            predicate("country", Test::AnyOf(vec!["DE".into(), "NL".into()])),
            predicate("total", Test::Gte("10".into())),
            predicate("total", Test::Lt("20".into())),
            predicate("visits", Test::IsNull),
        ]
    );
    assert_eq!(
        request.canonical,
        json!({
            "datasets": ["orders", {"name": "customers", "columns": ["email", "id"],
                "filters": {"country": ["DE", "NL"], "total": {"gte": 10, "lt": 20}, "visits": null}}],
            "startDate": "2023-08-31", "endDate": "2024-08-04", "timeZone": "UTC",
            "format": "csv", "compression": "gzip",
            "csv": {"delimiter": ",", "null": "", "header": true, "formulaGuard": false}
        })
    );
}

#[test]
fn canonical_request_parses_to_the_same_request() {
    let filters = json!({"country": ["b", "a"], "total": {"ne": "1e2"}, "visits": "007"});
    let first =
        parse(body(json!([{"name": "ORDERS", "filters": filters}]), json!({"csv": {"header": false}})))
            .unwrap();
    let again = parse(first.canonical.clone()).unwrap();
    assert_eq!(first, again);
}

#[test]
fn equal_filters_give_equal_fingerprints() {
    let read = |filters| {
        let request = parse(body(json!([{"name": "orders", "filters": filters}]), json!({}))).unwrap();
        (request.targets[0].fingerprint, request.body_sha256)
    };
    let first = read(json!({"country": ["NL", "DE"], "total": {"gte": 10.0, "lt": 20}}));
    assert_eq!(first, read(json!({"total": {"lt": "20.00", "gte": "1e1"}, "country": ["DE", "NL", "NL"]})));
    assert_ne!(first.0, read(json!({"country": ["DE"]})).0);
}

#[test]
fn star_is_stored_as_names_with_a_stable_hash() {
    let star = parse(body(json!("*"), json!({}))).unwrap();
    assert_eq!(star.canonical["datasets"], json!(["countries", "customers", "orders", "visits"]));
    let named = parse(star.canonical.clone()).unwrap();
    assert_eq!((&named.targets, &named.canonical), (&star.targets, &star.canonical));
    assert_ne!(named.body_sha256, star.body_sha256);
    let mut grown = revision();
    grown.datasets.extend([dataset("zones", None)]);
    let later = with_scope(|scope| {
        Request::parse(&body(json!("*"), json!({})), &Scope { revision: &grown, ..*scope })
    });
    assert_eq!(later.unwrap().body_sha256, star.body_sha256);
}

#[test]
fn short_form_equals_the_long_request() {
    let short = json!({"startDate": "2024-01-01", "endDate": "2024-01-31", "columns": ["id"]});
    let request = with_scope(|scope| Request::parse_short("Orders", &short, scope)).unwrap();
    assert_eq!(Ok(request), parse(body(json!([{"name": "orders", "columns": ["id"]}]), json!({}))));
}

#[test]
fn pointers_of_the_short_form_fit_its_body() {
    let short = json!({"startDate": "2024-01-01T00:00:00Z", "endDate": "2024-01-31", "datasets": ["orders"],
        "columns": ["nope"], "filters": {"country": 1}});
    let found = with_scope(|scope| Request::parse_short("customers", &short, scope)).unwrap_err();
    assert_eq!(pointers(&found), ["/datasets", "/columns/0", "/filters/country", ""]);
}

#[test]
fn every_violation_is_listed_at_once() {
    let found = refused(
        json!({"datasets": ["ordres", "orders", {"name": "ORDERS"}, 7, {"columns": []}], "startDate": "2024-02-30",
            "endDate": 5, "timeZone": "Mars/Phobos", "format": "xlsx", "compression": "zip",
            "csv": {"delimiter": "ab", "quote": "'", "header": "yes"}, "from": 1, "a/b": 2}),
        &[
            "/a~1b",
            "/from",
            "/datasets/0",
            "/datasets/2/name",
            "/datasets/3",
            "/datasets/4",
            "/format",
            "/compression",
            "/csv/quote",
            "/csv/delimiter",
            "/csv/header",
            "/timeZone",
            "/startDate",
            "/endDate",
        ],
    );
    assert_eq!(found[2].remedy, "did you mean orders?");
    assert_eq!(found[6].remedy, "use one of csv, ndjson, parquet");
}

#[test]
fn body_must_be_an_object() {
    for body in [json!(null), json!([]), json!("orders"), json!(3)] {
        refused(body, &[""]);
    }
}

#[test]
fn an_unknown_dataset_is_refused() {
    refused(body(json!(["nope"]), json!({})), &["/datasets/0"]);
    let found = refused(body(json!(["*"]), json!({})), &["/datasets/0"]);
    assert!(found[0].remedy.contains("instead of the list"));
}

#[test]
fn the_same_dataset_twice_is_refused() {
    refused(body(json!(["orders", "Orders"]), json!({})), &["/datasets/1"]);
}

#[test]
fn an_empty_list_is_refused() {
    refused(body(json!([]), json!({})), &["/datasets"]);
    refused(body(json!([{"name": "orders", "columns": []}]), json!({})), &["/datasets/0/columns"]);
    filter_refused(json!({"country": []}), "/country");
}

#[test]
fn ten_thousand_datasets_are_refused() {
    let many: Vec<_> = (0..10_000).map(|i| format!("d{i}")).collect();
    let found = refused(body(json!(many), json!({})), &["/datasets"]);
    assert!(found[0].message.contains("10000 datasets"), "{found:?}");
}

#[test]
fn an_unknown_column_is_refused() {
    let columns = json!([{"name": "orders", "columns": ["id", "emial", "id", 3, "*"]}]);
    let found = refused(
        body(columns, json!({})),
        &["/datasets/0/columns/1", "/datasets/0/columns/2", "/datasets/0/columns/3", "/datasets/0/columns/4"],
    );
    assert_eq!(found[0].remedy, "did you mean email?");
    refused(body(json!([{"name": "orders", "columns": "id"}]), json!({})), &["/datasets/0/columns"]);
}

#[test]
fn an_unknown_or_forbidden_filter_is_refused() {
    let found = filter_refused(json!({"contry": "NL"}), "/contry");
    assert_eq!(found[0].remedy, "did you mean country?");
    let found = filter_refused(json!({"email": "a@b"}), "/email");
    assert!(found[0].message.contains("is not allowed"));
    filter_refused(json!({"a/b": 1}), "/a~1b");
    filter_refused(json!([]), "");
}

#[test]
fn a_filter_of_the_wrong_type_is_refused() {
    filter_refused(json!({"country": 7}), "/country");
    filter_refused(json!({"total": "ten"}), "/total");
    let found = filter_refused(json!({"visits": 40_000}), "/visits");
    assert!(found[0].remedy.contains("-32768 to 32767"), "{found:?}");
    filter_refused(json!({"country": ["NL", null]}), "/country/1");
    filter_refused(json!({"country": ["NL", ["DE"]]}), "/country/1");
    filter_refused(json!({"extra": "{}"}), "/extra");
}

#[test]
fn an_unknown_operator_is_refused() {
    filter_refused(json!({"total": {"like": "1%"}}), "/total/like");
    filter_refused(json!({"total": {}}), "/total");
    filter_refused(json!({"total": {"eq": null}}), "/total/eq");
    filter_refused(json!({"total": {"eq": [1, 2]}}), "/total/eq");
}

#[test]
fn a_nul_character_is_refused() {
    filter_refused(json!({"country": "N\u{0}L"}), "/country");
    refused(body(json!(["ord\u{0}ers"]), json!({})), &["/datasets/0"]);
    refused(body(json!(["orders"]), json!({"csv": {"null": "\u{0}"}})), &["/csv/null"]);
}

#[test]
fn more_than_500_values_are_refused() {
    let values: Vec<_> = (0..501).map(|i| i.to_string()).collect();
    assert!(parse(body(json!([{"name": "orders", "filters": {"country": values[1..]}}]), json!({}))).is_ok());
    filter_refused(json!({"country": values}), "/country");
}

#[test]
fn csv_options_follow_postgresql() {
    let csv = |csv: Value| {
        parse(body(json!(["orders"]), json!({"csv": csv}))).map(|r| r.targets[0].selection.output.csv.clone())
    };
    assert_eq!(
        csv(json!({"delimiter": "\t", "null": "\\N", "header": false})).map(|c| (
            c.delimiter,
            c.null,
            c.header
        )),
        Ok(('\t', "\\N".into(), false))
    );
    for bad in ["", ",,", "\"", "\n", "\r", "\0", "é"] {
        assert_eq!(pointers(&csv(json!({"delimiter": bad})).unwrap_err()), ["/csv/delimiter"], "{bad:?}");
    }
    for bad in ["a,b", "a\nb", "a\rb", "\"", &"x".repeat(101)] {
        assert_eq!(pointers(&csv(json!({"null": bad})).unwrap_err()), ["/csv/null"], "{bad:?}");
    }
    assert_eq!(pointers(&csv(json!({"null": "N;A", "delimiter": ";"})).unwrap_err()), ["/csv/null"]);
    assert!(csv(json!({"formulaGuard": true})).unwrap().formula_guard);
    assert_eq!(pointers(&csv(json!({"formulaGuard": 1})).unwrap_err()), ["/csv/formulaGuard"]);
}

#[test]
fn every_format_has_its_compressions() {
    let output =
        |fields: Value| parse(body(json!(["orders"]), fields)).map(|r| r.targets[0].selection.output.clone());
    for (format, default) in [("csv", "csv.gz"), ("ndjson", "ndjson.gz"), ("parquet", "parquet")] {
        assert_eq!(output(json!({"format": format})).unwrap().extension(), default);
        for compression in ["gzip", "zstd", "snappy", "none"] {
            let found = output(json!({"format": format, "compression": compression}));
            let fits = match compression {
                "gzip" => format != "parquet",
                "snappy" => format == "parquet",
                _ => true,
            };
            match found {
                Ok(_) => assert!(fits, "{format} {compression}"),
                Err(found) => assert!(!fits && pointers(&found) == ["/compression"], "{found:?}"),
            }
        }
    }
    let found = output(json!({"format": "parquet", "compression": "gzip"})).unwrap_err();
    assert_eq!(found[0].remedy, "for parquet use zstd, snappy, none");
    let found = output(json!({"format": "ndjson", "csv": {"header": false}})).unwrap_err();
    assert_eq!(pointers(&found), ["/csv"]);
}

#[test]
fn list_of_violations_is_limited() {
    let fields: Map<_, _> = (0..5000).map(|i| (format!("x{i}"), json!(1))).collect();
    let found = parse(Value::Object(fields)).unwrap_err();
    assert_eq!(found.len(), report::MAX_LISTED + 1);
    assert!(found[report::MAX_LISTED].message.contains("more violations"), "{:?}", found[report::MAX_LISTED]);
}
