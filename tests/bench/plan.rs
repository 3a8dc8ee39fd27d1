//! Planning of a request that spans the whole calendar. Its time depends on the data, not on the request.

use std::time::Instant;

use anyhow::{Context, Result};
use export::catalog::{From, RangeColumn};
use export::estimate::{DatasetEstimate, Size};
use export::id::TenantId;
use export::plan::{Plan, Policy, Reuse, Target};
use export::range::{RangeKind, Span};
use export::selection::Selection;
use serde_json::json;

/// Bytes of rows in each dataset, spread over eleven months.
const BYTES: u64 = 2 << 30;
const MONTHS: u64 = 11;
/// Number of plans that are made.
const ROUNDS: usize = 20;
/// Day on which plans are made, in days since 1970: the end of the data.
const TODAY: i64 = 19_905;
/// First and last day, in days since 1970, of a usual year and of the widest request.
const SPANS: [(&str, i64, i64); 2] = [("339 days", 19_566, TODAY), ("widest", -719_161, 2_932_532)];

/// Prints a line of JSON per number of datasets and span.
pub(crate) fn run() -> Result<()> {
    for datasets in [84, 1000] {
        for (name, start, end) in SPANS {
            let span = Span::new(RangeKind::Date, start, end).context("the span is empty")?;
            let targets = (0..datasets).map(|i| target(i, span)).collect::<Result<Vec<_>>>()?;
            let policy = Policy {
                target_bytes: 256 << 20,
                max_chunks: 20_000,
                reuse: Reuse::Settled,
                now_micros: TODAY * 86_400_000_000,
            };
            let (mut millis, mut chunks) = (Vec::new(), 0);
            for _ in 0..ROUNDS {
                let began = Instant::now();
                chunks = Plan::new(&targets, &[], &policy)?.chunks().count();
                millis.push(began.elapsed().as_secs_f64() * 1e3);
            }
            millis.sort_by(f64::total_cmp);
            let median = millis[ROUNDS / 2];
            println!(
                "{}",
                json!({"datasets": datasets, "span": name, "chunks": chunks, "millis": median, "longest": millis[ROUNDS - 1]})
            );
        }
    }
    Ok(())
}

fn target(i: usize, span: Span) -> Result<Target> {
    let tenant: TenantId = "bench".parse().ok().context("the tenant's name")?;
    let selection = Selection {
        dataset: format!("dataset_{i}"),
        from: From::Relation { schema: "public".into(), name: format!("dataset_{i}") },
        range_column: Some(RangeColumn {
            name: "day".into(),
            kind: span.kind,
            time_zone: Some("UTC".into()),
            include_nulls: false,
        }),
        settle_after_secs: Some(3600),
        ..Selection::example()
    };
    let size = Size { rows: BYTES / MONTHS / 100, bytes: BYTES / MONTHS };
    let months = (7..7 + MONTHS).map(|i| (format!("{:04}-{:02}", 2023 + i / 12, 1 + i % 12), size)).collect();
    let estimate = DatasetEstimate { months, indexed: true, ..DatasetEstimate::default() };
    let fingerprint = selection.fingerprint(&tenant, "bench");
    Ok(Target { fingerprint, selection, span: Some(span), hive: None, estimate })
}
