//! Dates and bounds of requests.

use super::*;

#[test]
fn an_end_before_the_start_is_refused() {
    let dates = |start: &str, end: &str| {
        body(json!(["orders", "visits"]), json!({"startDate": start, "endDate": end}))
    };
    refused(dates("2024-02-01", "2024-01-31"), &["/endDate"]);
    refused(dates("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"), &["/endDate"]);
    refused(dates("2024-01-02", "2024-01-01T12:00:00Z"), &["/endDate"]);
    assert!(parse(dates("2024-01-31", "2024-01-31")).is_ok());
}

#[test]
fn the_30th_of_february_is_refused() {
    refused(
        body(json!(["orders"]), json!({"startDate": "2024-01-30", "endDate": "2024-02-30"})),
        &["/endDate"],
    );
}

#[test]
fn invalid_dates_are_refused() {
    for bad in [
        json!("2024-01-01T00:00:00"),
        json!("2024-01-01T23:59:60Z"),
        json!("yesterday"),
        json!(""),
        json!(20240101),
        json!("infinity"),
        json!("0000-06-01T00:00:00Z"),
        json!("10000-01-01"),
    ] {
        refused(body(json!(["orders"]), json!({"startDate": bad})), &["/startDate"]);
    }
}

#[test]
fn omitted_bounds_are_open() {
    let request = parse(json!({"datasets": ["countries"]})).unwrap();
    assert_eq!((request.targets[0].span, request.canonical.get("startDate")), (None, None));
    let spans = |more: Value| {
        let mut body = json!({"datasets": ["orders"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let request = parse(body).unwrap();
        let span = request.targets[0].span.unwrap();
        // The canonical form has the same meaning.
        assert_eq!(parse(request.canonical.clone()).unwrap().targets[0].span, Some(span));
        let at = |bound: Option<i64>| bound.map(|at| span.text(at)[..10].to_owned());
        (at(span.first()), at(span.after()), request.body_sha256)
    };
    let all = spans(json!({}));
    assert_eq!((&all.0, &all.1), (&None, &None));
    assert_eq!(spans(json!({"startDate": null, "endDate": "infinity"})), all, "one meaning, one body");
    assert_eq!(spans(json!({"startDate": "-infinity"})), all);
    assert_eq!(spans(json!({"startDate": "2024-01-01"})).0.as_deref(), Some("2024-01-01"));
    assert_eq!(spans(json!({"endDate": "2024-01-01"})).1.as_deref(), Some("2024-01-02"));
    assert_eq!(spans(json!({"endDate": "9999-12-31"})).1.as_deref(), Some("10000-01-0"));
    refused(json!({}), &["/datasets"]);
}

#[test]
fn error_names_a_day_skipped_by_the_zone() {
    let more = json!({"startDate": "2011-12-30", "endDate": "2011-12-30", "timeZone": "Pacific/Apia"});
    let found = refused(body(json!(["orders"]), more), &["/datasets/0"]);
    assert!(found[0].message.contains("2011-12-30 does not exist in Pacific/Apia"), "{found:?}");
}

#[test]
fn an_unknown_time_zone_is_refused() {
    for bad in [json!("Mars/Phobos"), json!(""), json!("Etc/Unknown"), json!(1), json!("+01:00")] {
        refused(body(json!(["orders"]), json!({"timeZone": bad})), &["/timeZone"]);
    }
}

#[test]
fn an_instant_on_a_date_column_is_refused_per_dataset() {
    let more = json!({"startDate": "2024-01-01T00:00:00Z"});
    let found = refused(body(json!(["orders", "customers"]), more.clone()), &["/datasets/1"]);
    assert!(found[0].message.contains("customers"), "{found:?}");
    refused(body(json!("*"), more), &["/datasets"]);
}

#[test]
fn an_instant_in_a_repeated_hour_is_refused() {
    let more = json!({"startDate": "2024-10-27T01:30:00Z", "endDate": "2024-12-01"});
    refused(body(json!(["orders", "visits"]), more), &["/datasets/1"]);
}

#[test]
fn first_and_last_year_are_accepted() {
    let span = |more: Value| parse(body(json!(["orders"]), more)).unwrap().targets[0].span.unwrap();
    let first = span(json!({"startDate": "0001-01-01", "timeZone": "Europe/Amsterdam"}));
    assert_eq!(first.literal(first.start), "0001-12-31 23:42:30+00 BC");
    let last = span(json!({"startDate": "9999-12-31", "endDate": "9999-12-31T23:00:00-05:00"}));
    assert_eq!(last.text(last.end), "10000-01-01T04:00:00Z");
}
