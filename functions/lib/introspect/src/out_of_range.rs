//! Rows that no date of a request can reach: before the year 1, after the year 9999, and infinite ones.

use export::catalog::{Dataset, From, RangeColumn};
use export::range::Span;

use super::bounds::{MAX_COST, within};
use super::findings::Findings;
use source::from_clause;
use source::sql::identifier;
use source::{Inspector, SourceError};

/// Days 0001-01-01 and 10000-01-01, in days since 1970.
const DATES: (i64, i64) = (-719_162, 2_932_897);

/// Warns of such rows if finding them is cheap. A query is not checked, because no estimate includes what it computes
/// for each row.
pub(super) async fn find(
    inspector: &mut Inspector,
    dataset: &Dataset,
    range: &RangeColumn,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    if !matches!(dataset.from, From::Relation { .. }) {
        return Ok(());
    }
    let column = format!("q.{}", identifier(&range.name));
    let day = range.kind.day();
    let outside = |first: Option<i64>, after: Option<i64>, value: &str| {
        let span = Span {
            kind: range.kind,
            start: first.unwrap_or(Span::OPEN_START),
            end: after.unwrap_or(Span::OPEN_END),
        };
        within(span, value)
    };
    let ends = format!("from {}", from_clause(&dataset.from));
    let question = format!(
        "select coalesce({}, false)::text, coalesce({}, false)::text {ends}",
        outside(None, Some(DATES.0 * day), &format!("min({column})")),
        outside(Some(DATES.1 * day), None, &format!("max({column})")),
    );
    if inspector.explain(&question).await?.cost > MAX_COST {
        return Ok(());
    }
    let rows = inspector.texts(&question).await?;
    let found = |i: usize| rows.first().and_then(|row| row.get(i)?.as_deref()) == Some("true");
    let remedies = [
        (found(0), "before the year 1 or at -infinity", "startDate"),
        (found(1), "beyond the year 9999 or at infinity", "endDate"),
    ];
    for (_, place, bound) in remedies.into_iter().filter(|(found, ..)| *found) {
        findings.warning(
            "range_column",
            format!("{:?} has rows {place}; requests with a date as {bound} do not include them", range.name),
            format!("nothing if this is intended; requests without {bound} include them"),
        );
    }
    Ok(())
}
