//! What the planner believes about a dataset: as a whole, per month, and how a day of it is read.

use std::collections::BTreeMap;

use export::catalog::{Dataset, Definition, RangeColumn};
use export::estimate::{DatasetEstimate, Size};
use export::range::Span;

use super::bounds::{self, Bounds};
use super::findings::{self, Findings};
use super::index::{self, Culprit};
use super::months::{self, Month};
use super::surface::Surface;
use crate::source::explain::{Mark, Plan};
use crate::source::inspect::from_clause;
use crate::source::sql::{identifier, literal};
use crate::source::{Inspector, SourceError};

/// From this size on a dataset must be read through an index unless the operator says otherwise.
const LARGE_BYTES: u64 = 10_000_000_000;

/// Estimates, and what stands in the way of better ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimated {
    /// What the plan of an export is made by.
    pub estimate: DatasetEstimate,
    culprit: Option<Culprit>,
    /// Why months are missing.
    gap: Option<&'static str>,
}

/// Asks the planner; runs nothing but what is cheap.
///
/// # Errors
/// If the source refuses, which after `resolve` means that it has changed, or is gone.
pub async fn estimate(inspector: &mut Inspector, dataset: &Dataset) -> Result<Estimated, SourceError> {
    let ask = Ask::new(dataset);
    let whole = inspector.explain(&ask.select("")).await?;
    let mut estimate = DatasetEstimate { total: ask.size(&whole), ..DatasetEstimate::default() };
    let Some(range) = &dataset.range else { return Ok(Estimated { estimate, culprit: None, gap: None }) };
    let bounds = bounds::find(inspector, dataset, range).await?;
    let mut gap = None;
    let day = match bounds {
        Bounds::Known { first, last } => {
            let (first, last) = (Month::of(range.kind, first), Month::of(range.kind, last));
            let mut centre = first;
            if last.0 - first.0 >= months::MOST_MONTHS {
                gap = Some(
                    "its values are more than 600 months apart, so only those in the middle are estimated",
                );
                centre = Month::of(range.kind, bounds::middle(inspector, &dataset.from, range).await?);
            }
            for month in months::window(first, last, centre).map(Month) {
                let plan = inspector.explain(&ask.select(&ask.within(range, month.span(range.kind)))).await?;
                estimate.months.insert(month.key(), ask.size(&plan));
            }
            typical_day(range, bounds, &estimate.months)
        }
        Bounds::Empty => None,
        Bounds::Unknown => {
            gap = Some("finding its first and last value would read too much, so no month is estimated");
            Some(day_at(range, bounds::middle(inspector, &dataset.from, range).await?))
        }
    };
    let culprit = match day {
        Some(day) => culprit(inspector, &ask, range, day, &whole).await?,
        None => None,
    };
    estimate.indexed = culprit.is_none();
    Ok(Estimated { estimate, culprit, gap })
}

/// The statements that are asked about.
struct Ask<'a> {
    dataset: &'a Dataset,
    list: String,
    from: String,
}

impl<'a> Ask<'a> {
    fn new(dataset: &'a Dataset) -> Self {
        let list: Vec<_> = dataset.columns.iter().map(|c| format!("q.{}", identifier(&c.name))).collect();
        Self { dataset, list: list.join(", "), from: from_clause(&dataset.from) }
    }

    fn select(&self, condition: &str) -> String {
        let word = if condition.is_empty() { "" } else { " where " };
        format!("select {} from {}{word}{condition}", self.list, self.from)
    }

    fn within(&self, range: &RangeColumn, span: Span) -> String {
        bounds::within(span, &format!("q.{}", identifier(&range.name)))
    }

    fn size(&self, plan: &Plan) -> Size {
        plan.size(self.dataset.columns.len())
    }
}

async fn culprit(
    inspector: &mut Inspector,
    ask: &Ask<'_>,
    range: &RangeColumn,
    day: Span,
    whole: &Plan,
) -> Result<Option<Culprit>, SourceError> {
    let mut condition = ask.within(range, day);
    if let Some(tenant) = &ask.dataset.tenant_column {
        // A tenant that the planner cannot know, of the column's type.
        let column = format!("q.{}", identifier(tenant));
        let of_type = format!(
            "select pg_typeof({column})::text from (values (1)) v left join (select * from {} limit 0) q on true",
            ask.from
        );
        if let Some(type_name) = inspector.text(&of_type).await? {
            condition.push_str(&format!(" and {column} = (select null::{type_name})"));
        }
    }
    let plan = inspector.explain(&ask.select(&condition)).await?;
    let literal_of = |at| format!("'{}", day.literal(at).get(..10).unwrap_or_default());
    let mark = Mark { column: range.name.clone(), bounds: vec![literal_of(day.start), literal_of(day.end)] };
    let (ranged, whole) = (plan.scans(Some(&mark)), whole.scans(None));
    let places = index::places(inspector, &[ranged.as_slice(), whole.as_slice()].concat()).await?;
    Ok(index::culprit(&ranged, &whole, &places))
}

/// A day in the middle of the month at which half of the rows are passed.
fn typical_day(range: &RangeColumn, bounds: Bounds, months: &BTreeMap<String, Size>) -> Option<Span> {
    let Bounds::Known { first, last } = bounds else { return None };
    let (start, end) = (Month::of(range.kind, first), Month::of(range.kind, last));
    let half = months.values().map(|size| size.rows).sum::<u64>() / 2;
    let mut rows = 0;
    let passed = (start.0..=end.0).map(Month).find(|month| {
        rows += months.get(&month.key()).map_or(0, |size| size.rows);
        rows >= half && months.contains_key(&month.key())
    });
    let span = passed.unwrap_or(start).span(range.kind);
    let (from, to) = (span.start.max(first), (span.end - 1).min(last));
    Some(day_at(range, from + (to - from) / 2))
}

fn day_at(range: &RangeColumn, at: i64) -> Span {
    let day = range.kind.day();
    let start = at.div_euclid(day) * day;
    Span { kind: range.kind, start, end: start + day }
}

/// Says what the operator should know of the estimates, and what must be mended first.
pub(super) async fn report(
    inspector: &mut Inspector,
    definition: &Definition,
    dataset: &Dataset,
    surface: &Surface,
    estimated: &Estimated,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    let key = findings::key(definition);
    if let Some(gap) = estimated.gap {
        let remedy = match &surface.relation {
            Some(relation) => format!("analyze {}, or create an index on the range column", relation.quoted),
            None => "nothing, if this is how it is meant; progress is then counted by chunks".to_owned(),
        };
        findings.warning(
            key,
            format!("the range column {:?}: {gap}", dataset.range.as_ref().map_or("", |r| &r.name)),
            remedy,
        );
    }
    let (Some(culprit), Some(range)) = (&estimated.culprit, &dataset.range) else { return Ok(()) };
    let large = estimated.estimate.total.bytes > LARGE_BYTES;
    let wanted = definition.require_index.unwrap_or(large);
    if definition.require_index == Some(false) {
        return Ok(());
    }
    let table = quoted(inspector, &[&culprit.relation.0, &culprit.relation.1]).await?.join(".");
    let mut message = format!(
        "a day of {:?} is found only by reading {} of {table}, so the dataset is one chunk",
        range.name,
        size(culprit.bytes)
    );
    let mut remedy = match &surface.relation {
        Some(relation) if matches!(relation.kind.as_str(), "r" | "m" | "p") => {
            let names: Vec<&str> =
                dataset.tenant_column.iter().map(String::as_str).chain([range.name.as_str()]).collect();
            let columns = quoted(inspector, &names).await?.join(", ");
            create_index(&table, &columns, culprit.partitioned || relation.kind == "p")
        }
        _ => format!(
            "create an index (concurrently) on the column of {table} that {:?} comes from, and use it there as it is",
            range.name
        ),
    };
    if wanted {
        let why = if large { "; the dataset is above 10 GB" } else { "; require_index is true" };
        message.push_str(why);
        remedy.push_str(", or set require_index = false");
        findings.violation("range_column", message, remedy);
    } else {
        findings.warning("range_column", message, remedy);
    }
    Ok(())
}

/// PostgreSQL refuses `concurrently` on a partitioned table.
fn create_index(table: &str, columns: &str, partitioned: bool) -> String {
    if partitioned {
        format!(
            "create index concurrently on each partition of {table} ({columns}), then create index on {table} ({columns})"
        )
    } else {
        format!("create index concurrently on {table} ({columns})")
    }
}

/// Identifiers as SQL writes them, with quotes only where they are needed.
async fn quoted(inspector: &mut Inspector, names: &[&str]) -> Result<Vec<String>, SourceError> {
    let list: Vec<_> = names.iter().map(|name| format!("quote_ident({})", literal(name))).collect();
    let rows = inspector.texts(&format!("select {}", list.join(", "))).await?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

/// A size for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use export::range::RangeKind;

    use super::*;

    #[test]
    fn a_typical_day_lies_where_half_of_the_rows_are_passed() {
        let range = RangeColumn {
            name: "at".into(),
            kind: RangeKind::Date,
            time_zone: "UTC".into(),
            include_nulls: false,
        };
        let sizes = [("2023-08", 1), ("2023-09", 10), ("2023-10", 1)];
        let months = sizes.map(|(key, rows)| (key.to_owned(), Size { rows, bytes: 0 })).into();
        let day = typical_day(&range, Bounds::Known { first: 19_600, last: 19_650 }, &months).unwrap();
        assert_eq!(day.literal(day.start), "2023-09-15");
        let one = typical_day(&range, Bounds::Known { first: 19_600, last: 19_600 }, &[].into()).unwrap();
        assert_eq!((one.start, one.end), (19_600, 19_601));
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!([size(900), size(123_456_789), size(12_345_678_901)], ["0 kB", "123 MB", "12.3 GB"]);
    }
}
