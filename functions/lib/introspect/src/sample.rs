//! Measurement of rows. A few rows are measured, since the planner's width ignores NULLs, compression and the wire
//! format; rows are counted where the planner can only guess their number.

use export::catalog::{Dataset, From};
use export::estimate::Measured;
use export::range::Span;

use super::explain_sql::Ask;
use super::months::Month;
use source::explain::PlanNode;
use source::sql::literal;
use source::{Inspector, SourceError};

/// Maximum number of rows of a table that are measured, which takes some milliseconds.
const MAX_ROWS: u64 = 1000;

/// Maximum number of rows of a view or query that are measured: the cost of computing one is unknown.
const MAX_COMPUTED_ROWS: u64 = 200;

/// Number of rows below which a month is too small, and any rows are measured instead.
const FEW_ROWS: u64 = 200;

/// Maximum cost of measuring, in the planner's units: through an index it is some hundreds.
const MAX_COST: f64 = 10_000.0;

/// Maximum cost of counting a dataset that joins or groups: about a second of one session.
const MAX_COUNT_COST: f64 = 250_000.0;

/// Maximum number of bytes that measuring may load into memory at the server.
const MAX_BYTES: u64 = 64 << 20;

/// Measures some rows of the month of a typical `day`; counts all rows if rows are computed and that is affordable.
pub(super) async fn find(
    inspector: &mut Inspector,
    ask: &Ask<'_>,
    day: Option<Span>,
    whole: &PlanNode,
) -> Result<Measured, SourceError> {
    if whole.is_computed() && whole.cost <= MAX_COUNT_COST {
        let (rows, bytes) = weigh(inspector, ask.dataset, &ask.copied("")).await?;
        if rows > 0 {
            return Ok(Measured {
                row_bytes: Some(bytes as f64 / rows as f64),
                row_factor: Some(rows as f64 / whole.rows.max(1.0)),
            });
        }
    }
    let limit = most_rows(inspector, ask.dataset).await?;
    let month = ask.dataset.range.as_ref().zip(day).map(|(range, day)| {
        let month = Month::of(range.kind, day.start).span(range.kind);
        ask.within(range, month)
    });
    let mut best = (0, 0);
    for condition in month.iter().map(String::as_str).chain([""]) {
        let select = format!("{} limit {limit}", ask.copied(condition));
        let plan = inspector.explain(&select).await?;
        if best.0 < FEW_ROWS && plan.cost <= MAX_COST {
            let seen = weigh(inspector, ask.dataset, &select).await?;
            best = if seen.0 > best.0 { seen } else { best };
        }
    }
    let row_bytes = (best.0 > 0).then(|| best.1 as f64 / best.0 as f64);
    Ok(Measured { row_bytes, row_factor: None })
}

/// Returns rows and bytes of binary COPY. Each value is converted by the function that COPY uses to send it.
pub(super) async fn weigh(
    inspector: &mut Inspector,
    dataset: &Dataset,
    select: &str,
) -> Result<(u64, u64), SourceError> {
    // `s` alone would be the column of that name, if there is one.
    let question = format!(
        "select count(*), coalesce(sum(octet_length(pg_catalog.record_send(row(s.*)))), 0)::bigint from (\n{select}\n) s"
    );
    let rows = inspector.texts(&question).await?;
    let cells: Vec<u64> = rows.iter().flatten().filter_map(|cell| cell.as_deref()?.parse().ok()).collect();
    let [count, bytes] = cells[..] else { return Err(SourceError::protocol("a count of rows is no number")) };
    // A record has four bytes in front, and the type before each field; a row of COPY has neither, and two bytes in
    // front.
    let extra = 2 + 4 * dataset.columns.len() as u64;
    Ok((count, bytes.saturating_sub(count * extra)))
}

/// Returns the maximum number of rows to measure: fewer if they are large, since values stored outside of their rows
/// would all be fetched.
pub(super) async fn most_rows(inspector: &mut Inspector, dataset: &Dataset) -> Result<u64, SourceError> {
    let From::Relation { schema, name } = &dataset.from else { return Ok(MAX_COMPUTED_ROWS) };
    let question = format!(
        "select (pg_table_size(c.oid) / greatest(c.reltuples, 1))::bigint from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = {} and c.relname = {} and c.relkind in ('r', 'm')",
        literal(schema),
        literal(name)
    );
    let stored: Option<u64> = inspector.text(&question).await?.and_then(|text| text.parse().ok());
    Ok(stored.map_or(MAX_COMPUTED_ROWS, |bytes| (MAX_BYTES / bytes.max(1)).clamp(1, MAX_ROWS)))
}
