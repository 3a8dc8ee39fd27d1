//! Arguments of the command line and the requests that they become.

use super::*;
use clap::Parser;
use serde_json::json;

#[derive(Debug, Parser)]
struct Words {
    #[command(flatten)]
    args: RequestArgs,
}

fn build(words: &[&str]) -> Result<Value, String> {
    let words = Words::parse_from([&["sluice"], words].concat());
    words.args.build(None).map(|request| serde_json::to_value(request).unwrap())
}

#[test]
fn arguments_become_the_export_request() {
    let request = build(&[
        "orders",
        "Customers",
        "--from",
        "2023-08-31",
        "--to",
        "2024-08-04",
        "--columns",
        "customers=id,email",
        "--filter",
        "customers.country=NL",
        "--filter",
        "customers.country=DE",
        "--filter",
        "customers.total>=10",
        "--filter",
        "customers.total<20",
        "--filter",
        "customers.code=\"10\"",
        "--format",
        "csv",
        "--compression",
        "none",
    ]);
    let expected = json!({
        "datasets": ["orders", {"name": "Customers", "columns": ["id", "email"], "filters":
            {"country": ["NL", "DE"], "total": {"gte": 10, "lt": 20}, "code": "10"}}],
        "startDate": "2023-08-31", "endDate": "2024-08-04", "format": "csv", "compression": "none"
    });
    assert_eq!(request, Ok(expected));
    assert_eq!(build(&["*"]), Ok(json!({"datasets": "*"})));
}

#[test]
fn single_dataset_may_be_omitted_in_options() {
    let request =
        build(&["orders", "--columns", "id,total", "--filter", "total>=10", "--filter", "orders.id=1"]);
    let detail =
        json!({"name": "orders", "columns": ["id", "total"], "filters": {"total": {"gte": 10}, "id": 1}});
    assert_eq!(request, Ok(json!({"datasets": [detail]})));
}

#[test]
fn column_given_as_dataset_gets_a_hint() {
    let error = build(&["notes.note"]).unwrap_err();
    assert!(error.contains("notes --columns notes=note"), "{error}");
}

#[test]
fn samples_and_layouts_are_part_of_the_request() {
    let request = build(&["orders", "customers", "--sample", "100", "--layout", "hive"]).unwrap();
    let sample = |name: &str| json!({"name": name, "limit": 100});
    assert_eq!(request["datasets"], json!([sample("orders"), sample("customers")]));
    assert_eq!(request["layout"], "hive");
    let request = build(&["orders", "customers", "--limit", "Orders=100", "--layout", "hive:day"]).unwrap();
    assert_eq!(request["datasets"], json!([sample("orders"), "customers"]));
    assert_eq!(request["layout"], json!({"hive": "day"}));
    for bad in ["Hive", "hive:", "hive:week", "hive:whole"] {
        assert!(layout(bad).is_err(), "{bad}");
    }
}

#[test]
fn value_may_hold_equals_signs() {
    let request = build(&["orders", "--filter", "a=x==", "--filter", "b=\"=y\""]).unwrap();
    assert_eq!(request["datasets"][0]["filters"], json!({"a": "x==", "b": "=y"}));
}

#[test]
fn null_and_several_values_are_excluded_as_the_api_writes_them() {
    let filters = |words: &[&str]| {
        let filters = words.iter().flat_map(|word| ["--filter", word]).collect::<Vec<_>>();
        build(&[&["orders"], &filters[..]].concat()).unwrap()["datasets"][0]["filters"].clone()
    };
    assert_eq!(filters(&["a!=null"]), json!({"a": {"isNull": false}}));
    assert_eq!(filters(&["a=null"]), json!({"a": null}));
    assert_eq!(filters(&["a!=null", "a>1"]), json!({"a": {"isNull": false, "gt": 1}}));
    assert_eq!(filters(&["a!=x", "a!=y", "a!=[\"z\"]"]), json!({"a": {"notIn": ["x", "y", "z"]}}));
    assert_eq!(filters(&["a!=[1,2]"]), json!({"a": {"notIn": [1, 2]}}));
    assert_eq!(filters(&["a^=10", "b^=x="]), json!({"a": {"startsWith": "10"}, "b": {"startsWith": "x="}}));
}

#[test]
fn all_datasets_may_have_samples_columns_and_filters() {
    let of = |words: &[&str]| {
        let words = Words::parse_from([&["sluice", "*"], words].concat());
        assert!(words.args.needs_names());
        let all = ["Orders".to_owned(), "customers".to_owned()];
        words.args.build(Some(&all)).map(|request| serde_json::to_value(request).unwrap()["datasets"].clone())
    };
    let sample = |name: &str| json!({"name": name, "limit": 10});
    assert_eq!(of(&["--sample", "10"]), Ok(json!([sample("Orders"), sample("customers")])));
    let detail = json!({"name": "Orders", "columns": ["id"], "filters": {"a": 1}});
    assert_eq!(of(&["--columns", "orders=id", "--filter", "orders.a=1"]), Ok(json!([detail, "customers"])));
    assert!(of(&["--filter", "a=1"]).unwrap_err().contains("DATASET.COLUMN"));
    assert!(!Words::parse_from(["sluice", "*"]).args.needs_names());
}

#[test]
fn labels_are_part_of_the_request() {
    let request = build(&["a", "--label", "x y", "--labels", "team=b,env=c=d", "--labels", "e=f"]).unwrap();
    assert_eq!(request["label"], "x y");
    assert_eq!(request["labels"], json!({"team": "b", "env": "c=d", "e": "f"}));
    assert!(["a", "a=", "=b", ""].iter().all(|bad| label(bad).is_err()));
}

#[test]
fn contradictory_arguments_are_refused() {
    for words in [
        &["*", "orders"][..],
        &["orders", "--filter", "customers.a=1"],
        &["orders", "--labels", "a=1,a=2"],
        &["orders", "customers", "--filter", "total=1"],
        &["orders", "customers", "--columns", "id"],
        &["orders", "--filter", "orders.a!1"],
        &["orders", "--filter", "a==1"],
        &["*", "--filter", "a=1"],
        &["orders", "--filter", "orders.a>1", "--filter", "orders.a>2"],
        &["orders", "--columns", "orders=a", "--columns", "orders=b"],
        &["orders", "--sample", "ten"],
        &["orders", "--sample", "customers=10"],
        &["orders", "--sample", "10", "--sample", "orders=10"],
    ] {
        assert!(build(words).is_err(), "{words:?}");
    }
}

#[test]
fn open_bounds_may_begin_with_a_hyphen() {
    let request = build(&["orders", "--from", "-infinity", "--to", "infinity"]).unwrap();
    assert_eq!((&request["startDate"], &request["endDate"]), (&json!("-infinity"), &json!("infinity")));
}
