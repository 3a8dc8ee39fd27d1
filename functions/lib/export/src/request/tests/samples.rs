//! Tests of samples and layouts in requests.

use super::*;
use crate::estimate::{DatasetEstimate, Size};
use crate::layout::Hive;

/// Reads a request under estimates by which `orders` and `visits` are read through an index.
fn parse_indexed(body: Value) -> Result<Request, Vec<Violation>> {
    let total = Size { rows: 1000, bytes: 100_000 };
    let indexed = DatasetEstimate { total, indexed: true, ..Default::default() };
    let estimates = ["orders", "visits"].map(|name| (name.to_owned(), indexed.clone()));
    with_scope(|scope| Request::parse(&body, &Scope { estimates: &estimates.into(), ..*scope }))
}

#[test]
fn a_sample_is_limited_ordered_and_never_settled() {
    let datasets = json!([{"name": "orders", "limit": 100}, {"name": "customers", "limit": 7}, "visits"]);
    let request = parse_indexed(body(datasets.clone(), json!({}))).unwrap();
    let [orders, customers, visits] = &request.targets[..] else { panic!("three targets") };
    assert_eq!(orders.selection.limit, Some(100));
    assert_eq!(orders.selection.order, ["at"], "the first rows are read through the index");
    assert_eq!((orders.selection.settle(), orders.fingerprint == visits.fingerprint), (None, false));
    assert_eq!(customers.selection.order, Vec::<String>::new(), "without an index nothing is sorted");
    assert_eq!((visits.selection.limit, visits.selection.settle_after_secs), (None, Some(3600)));
    assert_eq!(request.canonical["datasets"], datasets);
    let again = parse_indexed(request.canonical.clone()).unwrap();
    assert_eq!(again.body_sha256, request.body_sha256);
    let short = with_scope(|scope| Request::parse_short("countries", &json!({"limit": 5}), scope)).unwrap();
    assert_eq!(short.targets[0].selection.limit, Some(5));
}

#[test]
fn the_size_of_a_sample_is_checked() {
    for limit in [json!(0), json!(-1), json!(1.5), json!(100_001), json!("10"), json!(null), json!([1])] {
        let datasets = json!(["countries", {"name": "orders", "limit": limit}]);
        refused(body(datasets, json!({})), &["/datasets/1/limit"]);
    }
    for limit in [1, 100_000] {
        assert!(parse(body(json!([{"name": "orders", "limit": limit}]), json!({}))).is_ok());
    }
    let short = with_scope(|scope| Request::parse_short("countries", &json!({"limit": 0}), scope));
    assert_eq!(pointers(&short.unwrap_err()), ["/limit"]);
}

#[test]
fn only_datasets_that_can_be_cut_have_partitions() {
    let datasets = json!(["orders", "customers", "countries", {"name": "visits", "limit": 5}]);
    let request = parse_indexed(body(datasets, json!({"layout": "hive"}))).unwrap();
    let layouts: Vec<_> = request.targets.iter().map(|target| target.hive).collect();
    assert_eq!(layouts, [Hive::Month, Hive::Whole, Hive::Whole, Hive::Whole].map(Some));
    assert_eq!(request.canonical["layout"], json!({"hive": "month"}));
    let flat = parse_indexed(body(json!(["orders"]), json!({"layout": "flat"}))).unwrap();
    assert_eq!((flat.targets[0].hive, flat.canonical.get("layout")), (None, None));
    let hive = parse_indexed(body(json!(["orders"]), json!({"layout": {"hive": "day"}}))).unwrap();
    assert_eq!(hive.targets[0].fingerprint, flat.targets[0].fingerprint, "layouts share chunks");
    assert_ne!(hive.body_sha256, flat.body_sha256);
    refused(body(json!(["orders"]), json!({"layout": "tree"})), &["/layout"]);
}

#[test]
fn a_column_with_the_name_of_the_partitions_is_refused() {
    let mut revision = revision();
    revision.datasets.get_mut("orders").unwrap().columns.push(column("Date", ColumnType::Date));
    let read = |datasets: Value, layout: Value| {
        let body = body(datasets, json!({ "layout": layout }));
        let estimates =
            [("orders".to_owned(), DatasetEstimate { indexed: true, ..Default::default() })].into();
        with_scope(|scope| {
            Request::parse(&body, &Scope { revision: &revision, estimates: &estimates, ..*scope })
        })
    };
    let violations = read(json!(["orders"]), json!({"hive": "day"})).unwrap_err();
    assert_eq!(pointers(&violations), ["/layout"]);
    assert!(violations[0].message.contains("orders has a column Date"), "{violations:?}");
    assert!(read(json!(["orders"]), json!("hive")).is_ok());
    assert!(read(json!([{"name": "orders", "columns": ["id"]}]), json!({"hive": "day"})).is_ok());
    assert!(read(json!([{"name": "orders", "limit": 1}]), json!({"hive": "day"})).is_ok());
}
