//! First and last value of a range column, found without reading the table.

use export::catalog::{Dataset, From, RangeColumn};
use export::range::{RangeKind, Span};

use source::from_clause;
use source::sql::{identifier, literal};
use source::{Inspector, SourceError};

/// Maximum cost of `min` and `max` in the planner's units, of which reading a page in sequence is one. Through an
/// index they cost less than one; this allows the scan of a table of some tens of megabytes.
pub(super) const MAX_COST: f64 = 10_000.0;

/// First day of the range of plausible values. Values outside are treated as infinite: they are placeholders, and do
/// not show the position of rows.
const FIRST_DAY: i64 = -719_162; // 0001-01-01
const LAST_DAY: i64 = 2_932_896; // 9999-12-31

/// Bounds of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bounds {
    /// The column has no values.
    Empty,
    /// Nothing is known that is cheap to determine.
    Unknown,
    /// First and last value; those of the statistics may be a little old.
    Known { first: i64, last: i64 },
}

/// Queries the first and last value if that is cheap, otherwise uses the planner's statistics.
pub(super) async fn find(
    inspector: &mut Inspector,
    dataset: &Dataset,
    range: &RangeColumn,
) -> Result<Bounds, SourceError> {
    let column = format!("q.{}", identifier(&range.name));
    let select = format!(
        "select {}, {} from {} where {}",
        units(range.kind, &format!("min({column})")),
        units(range.kind, &format!("max({column})")),
        from_clause(&dataset.from),
        finite(range.kind, &column)
    );
    if inspector.explain(&select).await?.cost > MAX_COST {
        let seen = statistics(inspector, &dataset.from, range).await?;
        return Ok(seen.map_or(Bounds::Unknown, |(first, _, last)| Bounds::Known { first, last }));
    }
    let rows = inspector.texts(&select).await?;
    Ok(match numbers(&rows)[..] {
        [first, last] => Bounds::Known { first, last },
        _ => Bounds::Empty,
    })
}

/// Returns a value in the middle of the data according to the statistics, or the source's current day if they have
/// none.
pub(super) async fn middle(
    inspector: &mut Inspector,
    from: &From,
    range: &RangeColumn,
) -> Result<i64, SourceError> {
    if let Some((_, middle, _)) = statistics(inspector, from, range).await? {
        return Ok(middle);
    }
    let now = inspector.texts(&format!("select {}", units(range.kind, "now()::date"))).await?;
    Ok(numbers(&now).first().copied().unwrap_or_default())
}

/// Returns the first, middle and last value as of the last ANALYZE.
async fn statistics(
    inspector: &mut Inspector,
    from: &From,
    range: &RangeColumn,
) -> Result<Option<(i64, i64, i64)>, SourceError> {
    let From::Relation { schema, name } = from else { return Ok(None) };
    let type_name = type_name(range.kind);
    let at = units(range.kind, "v.at");
    let question = format!(
        "with s as (
    select histogram_bounds::text as bounds, most_common_vals::text as common
    from pg_catalog.pg_stats where schemaname = {} and tablename = {} and attname = {}
), v (at) as (
    select unnest(bounds::{type_name}[]) from s union all select unnest(common::{type_name}[]) from s
)
select min({at}), percentile_disc(0.5) within group (order by {at}), max({at}) from v where {}",
        literal(schema),
        literal(name),
        literal(&range.name),
        finite(range.kind, "v.at")
    );
    let rows = inspector.texts(&question).await?;
    Ok(match numbers(&rows)[..] {
        [first, middle, last] => Some((first, middle, last)),
        _ => None,
    })
}

/// Returns the condition that the column is within `span`, one end of which may be open, in literals of the column's
/// own type so that its index can be used.
pub(super) fn within(span: Span, column: &str) -> String {
    let type_name = type_name(span.kind);
    let bound = |at| format!("{type_name} {}", literal(&span.literal(at)));
    let from = span.first().map(|at| format!("{column} >= {}", bound(at)));
    let to = span.after().map(|at| format!("{column} < {}", bound(at)));
    from.into_iter().chain(to).collect::<Vec<_>>().join(" and ")
}

fn finite(kind: RangeKind, column: &str) -> String {
    within(Span { kind, start: FIRST_DAY * kind.day(), end: LAST_DAY * kind.day() }, column)
}

/// Returns the SQL for a value as a number: days since 1970, or microseconds.
fn units(kind: RangeKind, value: &str) -> String {
    match kind {
        RangeKind::Date => format!("({value} - date '1970-01-01')::bigint"),
        RangeKind::Wall | RangeKind::Instant => format!("(extract(epoch from {value}) * 1000000)::bigint"),
    }
}

fn type_name(kind: RangeKind) -> &'static str {
    match kind {
        RangeKind::Date => "date",
        RangeKind::Wall => "timestamp",
        RangeKind::Instant => "timestamptz",
    }
}

fn numbers(rows: &[Vec<Option<String>>]) -> Vec<i64> {
    let cells = rows.first().map(Vec::as_slice).unwrap_or_default();
    cells.iter().filter_map(|cell| cell.as_deref()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_in_the_columns_type() {
        let span = Span { kind: RangeKind::Date, start: 19_600, end: 19_601 };
        assert_eq!(within(span, "q.d"), "q.d >= date '2023-08-31' and q.d < date '2023-09-01'");
        assert_eq!(
            finite(RangeKind::Instant, "q.c"),
            "q.c >= timestamptz '0001-01-01 00:00:00+00' and q.c < timestamptz '9999-12-31 00:00:00+00'"
        );
    }
}
