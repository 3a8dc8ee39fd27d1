//! Accuracy of the estimates for the sample database, compared with the counts of PostgreSQL.

use std::collections::BTreeMap;

use export::catalog::{Catalog, Revision};
use export::estimate::Size;
use export::id::TenantId;
use export::plan::{Plan, Policy, Reuse, Target};
use export::range::Range;
use export::request::{Request, Scope};
use introspect::resolve;
use serde_json::json;
use source::Inspector;
use source::sql::copy_sql;

use crate::fixture::Fixture;

/// Minimum number of rows for a comparison: below it one row is a large share of a dataset.
const FEW_ROWS: u64 = 100;

/// Share of all bytes above which a single row makes a month unpredictable: no average tells which month contains it.
const ONE_ROW: f64 = 0.1;

/// Reads rows and bytes of binary COPY, and the bytes of the largest row.
async fn counted(inspector: &mut Inspector, target: &Target, tenant: &TenantId) -> (Size, u64) {
    let mut ranges = vec![target.span.map_or(Range::All, Range::Span)];
    if target.selection.range_column.as_ref().is_some_and(|column| column.include_nulls) {
        ranges.push(Range::Null);
    }
    let (mut size, mut largest) = (Size::default(), 0);
    for range in ranges {
        let copy = copy_sql(&target.selection, &range, tenant);
        let select = copy.trim_start_matches("copy (").trim_end_matches(") to stdout (format binary)");
        let question = format!(
            "select count(*), coalesce(sum(l), 0)::bigint, coalesce(max(l), 0) \
             from (select octet_length(record_send(s)) as l from ({select}) s) l"
        );
        let row = inspector.texts(&question).await.unwrap().remove(0);
        let number = |i: usize| row[i].as_deref().unwrap().parse::<u64>().unwrap();
        let extra = 2 + 4 * target.selection.columns.len() as u64;
        size += Size { rows: number(0), bytes: number(1) - extra * number(0) };
        largest = largest.max(number(2));
    }
    (size, largest)
}

fn off(estimated: u64, counted: u64) -> f64 {
    (estimated as f64 - counted as f64) / (counted as f64).max(1.0)
}

#[tokio::test]
async fn sample_estimates_are_close_to_actual_counts() {
    let Some(fixture) = Fixture::new(&[]).await else { return };
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/sample/catalog.toml");
    let catalog = Catalog::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut inspector = fixture.inspector().await;
    let (mut revision, mut estimates) = (Revision::default(), BTreeMap::new());
    for (name, definition) in &catalog.datasets {
        let resolution = resolve(&mut inspector, name, definition, 2).await.unwrap();
        revision.datasets.insert(name.clone(), resolution.dataset.unwrap());
        estimates.insert(name.clone(), resolution.estimate);
    }
    let tenant: TenantId = "acme".parse().unwrap();
    let scope = Scope {
        revision: &revision,
        estimates: &estimates,
        tenant: &tenant,
        source: "test",
        limits: Default::default(),
    };
    let body = json!({"datasets": "*", "startDate": "2023-08-31", "endDate": "2024-08-04"});
    let targets = Request::parse(&body, &scope).unwrap().targets;
    let policy = Policy { target_bytes: 1 << 28, max_chunks: 10_000, reuse: Reuse::Never, now_micros: 0 };
    let plan = Plan::new(&targets, &[], &policy).unwrap();
    let (mut all, mut all_counted, mut wrong) = (Size::default(), Size::default(), Vec::new());
    for (target, planned) in targets.iter().zip(&plan.datasets) {
        let estimated: Size = planned.chunks.iter().map(|p| Size { rows: p.rows, bytes: p.bytes }).sum();
        let (counted, largest) = counted(&mut inspector, target, &tenant).await;
        // The rows depend on the tenant: the estimate is for an average one.
        if target.selection.tenant_column.is_some() {
            println!("{}: {estimated:?} for an average tenant", planned.dataset);
            continue;
        }
        let (rows, bytes) = (off(estimated.rows, counted.rows), off(estimated.bytes, counted.bytes));
        println!(
            "{:28} {:>9} rows {:>+7.1} %  {:>11} bytes {:>+7.1} %",
            planned.dataset,
            counted.rows,
            rows * 100.0,
            counted.bytes,
            bytes * 100.0
        );
        let foreseeable = largest as f64 <= ONE_ROW * counted.bytes as f64;
        if counted.rows >= FEW_ROWS && (rows.abs() > 0.25 || (bytes.abs() > 0.3 && foreseeable)) {
            wrong.push(planned.dataset.clone());
        }
        all += estimated;
        all_counted += counted;
    }
    let (rows, bytes) = (off(all.rows, all_counted.rows), off(all.bytes, all_counted.bytes));
    println!("all: {all_counted:?}, rows {:+.2} %, bytes {:+.2} %", rows * 100.0, bytes * 100.0);
    assert_eq!(wrong, Vec::<String>::new());
    assert!(rows.abs() <= 0.1 && bytes.abs() <= 0.3);
    inspector.close().await;
    fixture.end().await;
}
