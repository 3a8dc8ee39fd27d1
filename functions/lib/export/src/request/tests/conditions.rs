//! Further conditions of filters: `notIn`, `isNull`, `startsWith`, and alternatives in `or`.

use proptest::prelude::*;

use super::*;
use crate::column::{Compare, Qualified};

/// The revision of these tests, with the operators of `text` on the column `country`.
fn with_operators() -> Revision {
    let mut revision = revision();
    let orders = revision.datasets.get_mut("orders").unwrap();
    let name = |name: &str| Qualified::new("pg_catalog", name);
    let of = |kind: &str| {
        Some(Compare { of: name(kind), listable: true, eq: name("="), ne: Some(name("<>")), order: None })
    };
    orders.filters[0].compare = of("text");
    orders.filters[2].compare = of("int2");
    revision
}

fn read(dataset: Value) -> Result<Request, Vec<Violation>> {
    let revision = with_operators();
    let body = json!({ "datasets": [dataset] });
    with_scope(|scope| Request::parse(&body, &Scope { revision: &revision, ..*scope }))
}

fn selection(dataset: Value) -> Selection {
    read(dataset).unwrap().targets.remove(0).selection
}

#[test]
fn further_conditions_become_tests() {
    let filters =
        json!({"country": {"notIn": ["NL", "DE", "NL"], "startsWith": "N"}, "extra": {"isNull": false}});
    let found = selection(json!({"name": "orders", "filters": filters}));
    let tests: Vec<_> = found.predicates.iter().map(|p| (p.column.as_str(), p.test.clone())).collect();
    let expected = [
        ("country", Test::NoneOf(vec!["DE".into(), "NL".into()])),
        ("country", Test::StartsWith("N".into())),
        ("extra", Test::NotNull),
    ];
    assert_eq!(tests, expected);
    let operators: Vec<_> =
        found.predicates.iter().map(|p| p.by.as_ref().map(|by| by.operator.name.as_str())).collect();
    assert_eq!(operators, [Some("<>"), Some("^@"), None]);
    let null = selection(json!({"name": "orders", "filters": {"country": {"isNull": true}}}));
    assert_eq!(null.fingerprint(&"acme".parse().unwrap(), "s"), {
        let same = selection(json!({"name": "orders", "filters": {"country": null}}));
        same.fingerprint(&"acme".parse().unwrap(), "s")
    });
}

#[test]
fn equal_alternatives_are_equal_chunks() {
    let first = json!({"name": "orders", "or": [{"visits": 1, "country": "NL"}, {"country": ["DE", "NL"]}]});
    let second = json!({"name": "orders", "or": [
        {"country": ["NL", "DE"]}, {"country": "NL", "visits": "1"}, {"country": ["DE", "NL"]}
    ]});
    let (first, second) = (read(first).unwrap(), read(second).unwrap());
    assert_eq!(first.targets[0].fingerprint, second.targets[0].fingerprint);
    assert_eq!((first.body_sha256, &first.canonical), (second.body_sha256, &second.canonical));
    let again = read(first.canonical["datasets"][0].clone()).unwrap();
    assert_eq!(again.targets[0].selection, first.targets[0].selection);
    let plain = selection(json!("orders"));
    assert_ne!(plain, first.targets[0].selection);
    assert!(!serde_json::to_string(&plain).unwrap().contains("alternatives"), "earlier fingerprints stay");
}

#[test]
fn each_invalid_condition_is_named_with_its_remedy() {
    for (dataset, pointer) in [
        (json!({"filters": {"country": {"notIn": []}}}), "/filters/country/notIn"),
        (json!({"filters": {"country": {"notIn": "NL"}}}), "/filters/country/notIn"),
        (json!({"filters": {"country": {"notIn": [null]}}}), "/filters/country/notIn/0"),
        (json!({"filters": {"country": {"isNull": "yes"}}}), "/filters/country/isNull"),
        (json!({"filters": {"country": {"startsWith": ""}}}), "/filters/country/startsWith"),
        (json!({"filters": {"country": {"startsWith": 1}}}), "/filters/country/startsWith"),
        (json!({"filters": {"visits": {"startsWith": "1"}}}), "/filters/visits/startsWith"),
        (json!({"filters": {"total": {"startsWith": "1"}}}), "/filters/total/startsWith"),
        (json!({"filters": {"extra": {"notIn": ["{}"]}}}), "/filters/extra"),
        (json!({"or": {}}), "/or"),
        (json!({"or": []}), "/or"),
        (json!({"or": [{}]}), "/or/0"),
        (json!({"or": ["x"]}), "/or/0"),
        (json!({"or": [{"country": "NL"}, {"nowhere": 1}]}), "/or/1/nowhere"),
        (json!({"or": vec![json!({"country": "NL"}); 51]}), "/or"),
    ] {
        let mut dataset = dataset;
        dataset["name"] = "orders".into();
        let violations = read(dataset).unwrap_err();
        assert_eq!(pointers(&violations), [format!("/datasets/0{pointer}")], "{violations:#?}");
        assert!(!violations[0].remedy.is_empty());
    }
}

/// Scalars and operators of the column `visits`.
fn filter() -> impl Strategy<Value = Value> {
    let values = || prop::collection::vec(0..9i16, 1..4);
    prop_oneof![
        (0..9i16).prop_map(Value::from),
        Just(Value::Null),
        values().prop_map(Value::from),
        values().prop_map(|values| json!({ "notIn": values })),
        (any::<bool>(), 0..9i16).prop_map(|(absent, ne)| json!({"isNull": absent, "ne": ne})),
    ]
}

proptest! {
    /// The canonical request is a request with the same meaning, in whatever order it was written.
    #[test]
    fn canonical_conditions_are_a_fixed_point(all in filter(), mut or in prop::collection::vec(filter(), 1..4)) {
        let dataset = |or: &[Value]| {
            let groups: Vec<_> = or.iter().map(|one| json!({ "visits": one })).collect();
            json!({"name": "orders", "filters": {"visits": all}, "or": groups})
        };
        let first = read(dataset(&or)).unwrap();
        or.reverse();
        or.push(or[0].clone());
        let second = read(dataset(&or)).unwrap();
        prop_assert_eq!(&first, &second);
        let again = read(first.canonical["datasets"][0].clone()).unwrap();
        prop_assert_eq!(first, again);
    }
}
