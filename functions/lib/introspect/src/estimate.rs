//! Planner estimates of a dataset: as a whole, per month, and the plan of one day.

use std::collections::BTreeMap;

use export::catalog::{Dataset, RangeColumn};
use export::estimate::{DatasetEstimate, Size};
use export::range::Span;

use super::bounds::{self, Bounds};
use super::explain_sql::{Ask, column};
use super::index::{self, Culprit};
use super::months::{self, Month};
use super::{key, revalidation, sample, skew};
use source::explain::{Mark, PlanNode};
use source::{Inspector, SourceError};

/// Estimates, and obstacles to better ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimated {
    /// Estimates used for planning an export.
    pub estimate: DatasetEstimate,
    /// Relation that is read as a whole for every range.
    pub(super) culprit: Option<Culprit>,
    /// A typical day, if there is a range column.
    pub(super) day: Option<Span>,
    /// Reason why months are missing.
    pub(super) gap: Option<Gap>,
}

/// Reason why months are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// The first and last value are too far apart.
    Wide,
    /// Finding the first and last value would read too much.
    Unbounded,
}

/// Estimates from plans alone.
pub(super) struct Planned {
    pub(super) estimated: Estimated,
    /// Plan of the whole dataset.
    whole: PlanNode,
}

/// Estimates a dataset by its plans and by measuring some rows; runs only cheap queries.
///
/// # Errors
/// If the source refuses a query, which after `resolve` means that it has changed, or is gone.
pub async fn estimate(inspector: &mut Inspector, dataset: &Dataset) -> Result<Estimated, SourceError> {
    inspector.seek_in(&dataset.search_path);
    let Planned { estimated, whole } = planned(inspector, dataset).await?;
    let measured = sample::find(inspector, &Ask::new(dataset), estimated.day, &whole).await?;
    Ok(Estimated { estimate: estimated.estimate.measured(measured), ..estimated })
}

/// Estimates a dataset by its plans only.
pub(super) async fn planned(inspector: &mut Inspector, dataset: &Dataset) -> Result<Planned, SourceError> {
    let ask = Ask::new(dataset);
    let whole = inspector.explain(&ask.select("")).await?;
    let revalidation = Some(revalidation::find(inspector, dataset, &whole).await?);
    let total = ask.size(&whole);
    let mut estimate = DatasetEstimate { total, revalidation, ..DatasetEstimate::default() };
    if let Some(tenant) = &dataset.tenant_column {
        let one = ask.equals_something(inspector, &tenant.name).await?;
        estimate.tenant_share = Some(inspector.explain(&ask.select(&one)).await?.rows / whole.rows.max(1.0));
    }
    let Some(range) = &dataset.range else {
        estimate.blocks = key::blocks(inspector, dataset).await?;
        if let Some(key) = &dataset.key {
            estimate.key_bounds = key::bounds(inspector, &ask, key, &whole).await?;
        }
        let estimated = Estimated { estimate, culprit: None, day: None, gap: None };
        return Ok(Planned { estimated, whole });
    };
    if range.include_nulls {
        let nulls = inspector.explain(&ask.select(&format!("{} is null", column(&range.name)))).await?;
        estimate.nulls = ask.size(&nulls);
    }
    let bounds = bounds::find(inspector, dataset, range).await?;
    let mut gap = None;
    let day = match bounds {
        Bounds::Known { first, last } => {
            let ends = (first, last);
            let (first, last) = (Month::of(range.kind, first), Month::of(range.kind, last));
            let mut centre = first;
            if last.0 - first.0 >= months::MAX_MONTHS {
                gap = Some(Gap::Wide);
                centre = Month::of(range.kind, bounds::middle(inspector, &dataset.from, range).await?);
            }
            for month in months::window(first, last, centre).map(Month) {
                let plan = inspector.explain(&ask.select(&ask.within(range, month.span(range.kind)))).await?;
                estimate.months.insert(month.key(), ask.size(&plan));
            }
            estimate.uneven = skew::find(inspector, &ask, range, &estimate.months, ends).await?;
            typical_day(range, bounds, &estimate.months)
        }
        Bounds::Empty => None,
        Bounds::Unknown => {
            gap = Some(Gap::Unbounded);
            Some(day_at(range, bounds::middle(inspector, &dataset.from, range).await?))
        }
    };
    let culprit = match day {
        Some(day) => culprit(inspector, &ask, range, day, &whole).await?,
        None => None,
    };
    estimate.indexed = culprit.is_none();
    Ok(Planned { estimated: Estimated { estimate, culprit, day, gap }, whole })
}

async fn culprit(
    inspector: &mut Inspector,
    ask: &Ask<'_>,
    range: &RangeColumn,
    day: Span,
    whole: &PlanNode,
) -> Result<Option<Culprit>, SourceError> {
    let mut condition = ask.within(range, day);
    if let Some(tenant) = &ask.dataset.tenant_column {
        condition.push_str(&format!(" and {}", ask.equals_something(inspector, &tenant.name).await?));
    }
    let plan = inspector.explain(&ask.select(&condition)).await?;
    let literal_of = |at| format!("'{}", day.literal(at).get(..10).unwrap_or_default());
    let mark = Mark { column: range.name.clone(), bounds: vec![literal_of(day.start), literal_of(day.end)] };
    let (ranged, whole) = (plan.scans(Some(&mark)), whole.scans(None));
    let places = index::places(inspector, &[ranged.as_slice(), whole.as_slice()].concat()).await?;
    Ok(index::culprit(&ranged, &whole, &places).map(|culprit| {
        let parts = index::parts_of(&culprit.relation, &places);
        Culprit { lines: plan.lines_of(&parts), ..culprit }
    }))
}

/// Returns a day in the middle of the month in which half of the rows are reached.
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

#[cfg(test)]
mod tests {
    use export::range::RangeKind;

    use super::*;

    #[test]
    fn typical_day_is_the_median_of_rows() {
        let range = RangeColumn {
            name: "at".into(),
            kind: RangeKind::Date,
            time_zone: Some("UTC".into()),
            include_nulls: false,
        };
        let sizes = [("2023-08", 1), ("2023-09", 10), ("2023-10", 1)];
        let months = sizes.map(|(key, rows)| (key.to_owned(), Size { rows, bytes: 0 })).into();
        let day = typical_day(&range, Bounds::Known { first: 19_600, last: 19_650 }, &months).unwrap();
        assert_eq!(day.literal(day.start), "2023-09-15");
        let one = typical_day(&range, Bounds::Known { first: 19_600, last: 19_600 }, &[].into()).unwrap();
        assert_eq!((one.start, one.end), (19_600, 19_601));
    }
}
