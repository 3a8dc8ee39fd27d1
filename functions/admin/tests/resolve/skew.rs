//! Skewed data on a real PostgreSQL: no chunk is larger than twice the target, unless it is a single day.

use export::catalog::Dataset;
use export::estimate::DatasetEstimate;
use export::id::TenantId;
use export::plan::{Plan, Policy, Reuse, Target};
use export::range::{RangeKind, Span};
use export::selection::Selection;

use crate::fixture::Fixture;

/// Table with 90 % of the rows in one week, 6 % on one day, none from July to September, and the rest distributed
/// elsewhere.
const SKEWED: [&str; 6] = [
    "create table S.skewed (id bigint primary key, at timestamptz not null, day date not null, wall timestamp not null, filler text not null)",
    "insert into S.skewed select i, d + (i::bigint * 7919 % 86400) * interval '1 second', d::date, d, repeat('x', 60 + i % 40) from ( \
        select i, case \
            when i % 100 < 90 then timestamptz '2024-05-13 00:00+00' + i / 100 % 7 * interval '1 day' \
            when i % 100 < 96 then timestamptz '2024-11-05 00:00+00' \
            when i / 100 % 4 = 0 then timestamptz '2024-10-01 00:00+00' + i / 400 % 92 * interval '1 day' \
            else timestamptz '2024-01-01 00:00+00' + i / 100 % 182 * interval '1 day' end as d \
        from generate_series(1, 500000) i) as rows",
    "create index on S.skewed (at)",
    "create index on S.skewed (day)",
    "create index on S.skewed (wall)",
    "grant select on S.skewed to R",
];

/// Returns 2024 in the type of the column.
fn year(kind: RangeKind) -> Span {
    Span { kind, start: 19_723 * kind.day(), end: 20_089 * kind.day() }
}

fn plan(dataset: &Dataset, estimate: &DatasetEstimate, kind: RangeKind, target_bytes: u64) -> Plan {
    let tenant: TenantId = "acme".parse().unwrap();
    let selection = Selection {
        dataset: "d".into(),
        from: dataset.from.clone(),
        columns: dataset.columns.clone(),
        range_column: dataset.range.clone(),
        ..Selection::example()
    };
    let fingerprint = selection.fingerprint(&tenant, "test");
    let target =
        Target { selection, fingerprint, span: Some(year(kind)), hive: None, estimate: estimate.clone() };
    let policy = Policy { target_bytes, max_chunks: 1000, reuse: Reuse::Settled, now_micros: 0 };
    Plan::new(&[target], &[], &policy).unwrap()
}

#[tokio::test]
async fn skewed_chunks_stay_within_twice_the_target() {
    let Some(fixture) = Fixture::new(&SKEWED).await else { return };
    fixture.execute("analyze S.skewed").await.unwrap();
    let mut inspector = fixture.inspector().await;
    for (column, kind) in [("at", RangeKind::Instant), ("day", RangeKind::Date), ("wall", RangeKind::Wall)] {
        let keys = format!("relation = \"S.skewed\"\nrange_column = \"{column}\"");
        let (dataset, estimate, _) = fixture.good(&keys).await;
        let row_bytes = estimate.measured.row_bytes.unwrap();
        for target in [3_000_000, 6_000_000, 20_000_000] {
            let plan = plan(&dataset, &estimate, kind, target);
            let (mut total, mut largest, mut days_alone) = (0, 0.0_f64, 0);
            for (_, chunk) in plan.chunks() {
                let span = chunk.range.span().unwrap();
                let question = format!(
                    "select count(*) from {}.skewed where {column} >= '{}' and {column} < '{}'",
                    fixture.schema,
                    span.literal(span.start),
                    span.literal(span.end)
                );
                let rows = inspector.texts(&question).await.unwrap()[0][0].clone().unwrap();
                let rows: u64 = rows.parse().unwrap();
                total += rows;
                let bytes = rows as f64 * row_bytes;
                let days = (span.end - span.start) / kind.day();
                if days == 1 {
                    days_alone += 1;
                    continue;
                }
                largest = largest.max(bytes);
                assert!(
                    bytes <= 2.0 * target as f64,
                    "{column}: {days} days from {} have {bytes} bytes",
                    span.literal(span.start)
                );
            }
            assert_eq!(total, 500_000);
            println!(
                "{column}, target {target}: {} chunks, {days_alone} of one day; the largest of the others has {:.2} of the target",
                plan.chunks().count(),
                largest / target as f64
            );
        }
    }
    inspector.close().await;
    fixture.end().await;
}
