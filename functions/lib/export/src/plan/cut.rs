//! Cutting of a span into chunks of about equal bytes, at calendar days.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::PlannedChunk;
use crate::estimate::{DatasetEstimate, Size};
use crate::layout::Hive;
use crate::range::{Range, Span};

/// Cuts `span` at day boundaries into chunks of about `target_bytes`, and also at `settled` if that is inside, and around
/// each partition of `hive` in which rows are expected. A single day is never cut: its distribution is unknown.
pub(super) fn cut(
    span: Span,
    estimate: &DatasetEstimate,
    target_bytes: u64,
    settled: Option<i64>,
    hive: Option<Hive>,
) -> Vec<PlannedChunk> {
    let mut bounds = BTreeSet::from([span.start, span.end]);
    bounds.extend(settled.filter(|at| span.start < *at && *at < span.end));
    bounds.extend(hive.into_iter().flat_map(|hive| borders(span, estimate, hive)));
    let bounds = Vec::from_iter(bounds);
    let parts = bounds.windows(2).filter_map(|w| Span::new(span.kind, w[0], w[1]));
    parts.flat_map(|part| cut_evenly(part, estimate, target_bytes)).collect()
}

/// Rows expected in a partition from which on it gets chunks of its own. What lies between such partitions is one chunk,
/// which is cut when it is read if it has rows.
const EXPECTED_ROWS: f64 = 0.5;

/// Returns the bounds of the partitions in which rows are expected. Their number depends on the data, however long the
/// range is.
fn borders(span: Span, estimate: &DatasetEstimate, hive: Hive) -> Vec<i64> {
    if hive.key().is_none() {
        return Vec::new();
    }
    let mut partitions: BTreeMap<Vec<i64>, f64> = BTreeMap::new();
    for step in steps(span, estimate).iter().filter(|step| step.rows > 0.0) {
        *partitions.entry(hive.borders(&span, step.start).collect()).or_default() += step.rows;
    }
    partitions.into_iter().filter(|(_, rows)| *rows >= EXPECTED_ROWS).flat_map(|(bounds, _)| bounds).collect()
}

/// Returns the whole span as one chunk. If there are no estimates per month, the dataset's total is the best guess.
pub(super) fn uncut(span: Span, estimate: &DatasetEstimate) -> PlannedChunk {
    if estimate.months.is_empty() {
        return chunk(span, estimate.total.rows as f64, estimate.total.bytes as f64);
    }
    let (rows, bytes) =
        steps(span, estimate).iter().fold((0.0, 0.0), |sum, step| (sum.0 + step.rows, sum.1 + step.bytes));
    chunk(span, rows, bytes)
}

/// Maximum planned size of a chunk of several days, as a multiple of the target.
const MAX_TARGETS: f64 = 2.0;

/// Part of a span that is never cut inside: one day, or a stretch of any length in which no rows are expected.
struct Step {
    start: i64,
    rows: f64,
    bytes: f64,
}

fn cut_evenly(span: Span, estimate: &DatasetEstimate, target_bytes: u64) -> Vec<PlannedChunk> {
    let steps = steps(span, estimate);
    let total: f64 = steps.iter().map(|step| step.bytes).sum();
    // Equal shares are preferred over full chunks and a small rest; a quarter above the target is no reason to cut.
    let share = total / (total / target_bytes.max(1) as f64 - 0.25).ceil().max(1.0);
    let mut chunks = Vec::new();
    let (mut start, mut rows, mut bytes) = (span.start, 0.0, 0.0);
    for step in &steps {
        // Close the chunk before this step if that is nearer to an equal share than closing it after the step, and
        // always before a day that would make it too large: such a day is a chunk of its own.
        let full = bytes > 0.0 && bytes + step.bytes / 2.0 > share;
        if step.start > start && (full || bytes + step.bytes > MAX_TARGETS * target_bytes as f64) {
            chunks.extend(Span::new(span.kind, start, step.start).map(|s| chunk(s, rows, bytes)));
            (start, rows, bytes) = (step.start, 0.0, 0.0);
        }
        rows += step.rows;
        bytes += step.bytes;
    }
    chunks.extend(Span::new(span.kind, start, span.end).map(|s| chunk(s, rows, bytes)));
    chunks
}

fn chunk(span: Span, rows: f64, bytes: f64) -> PlannedChunk {
    let (rows, bytes) = (rows.round() as u64, bytes.round() as u64);
    PlannedChunk { range: Range::Span(span), reused: None, checks: None, unread: true, rows, bytes }
}

/// Returns the steps that tile `span`: one per day of the months in which rows are expected, each with its share of
/// its month's estimate, and one for each stretch between them. The number of steps therefore depends on the data,
/// however long the requested range is.
fn steps(span: Span, estimate: &DatasetEstimate) -> Vec<Step> {
    let unit = span.kind.day();
    let mut steps = Vec::new();
    let mut at = span.start;
    for month in months(span, estimate) {
        let (first, end) = (month.first.saturating_mul(unit), month.end.saturating_mul(unit).min(span.end));
        if at < first {
            steps.push(Step { start: at, rows: 0.0, bytes: 0.0 });
            at = first;
        }
        while at < end {
            let day = at.div_euclid(unit);
            let next = (day + 1).saturating_mul(unit).min(end);
            let part = (next - at) as f64 / unit as f64;
            let (rows, bytes) = month.on(day);
            steps.push(Step { start: at, rows: rows * part, bytes: bytes * part });
            at = next;
        }
    }
    if at < span.end {
        steps.push(Step { start: at, rows: 0.0, bytes: 0.0 });
    }
    steps
}

/// Returns the months that touch `span` and in which rows are expected, in order.
fn months(span: Span, estimate: &DatasetEstimate) -> impl Iterator<Item = Month> + '_ {
    let unit = span.kind.day();
    let day = span.start.div_euclid(unit).clamp(FIRST_DAY, LAST_DAY);
    let first = date(1970, 1, 1).saturating_add(day.days());
    // Keys have four digits of the year, so they sort like their months.
    let from = Bound::Included(month_key(first));
    let within = move |month: &Month| month.first.saturating_mul(unit) < span.end;
    estimate
        .months
        .range::<String, _>((from, Bound::Unbounded))
        .filter(|(_, size)| **size != Size::default())
        .filter_map(|(key, size)| Month::of(key, *size, estimate))
        .take_while(within)
}

/// 0001-01-01 and 9999-12-30, in days since 1970: months outside of them have no key.
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_895;

fn month_key(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// Estimates for the days of one month.
struct Month {
    first: i64,
    end: i64,
    size: Size,
    shares: Vec<f64>,
}

impl Month {
    /// Returns the month of that key; `None` if the text is not a key of a month.
    fn of(key: &str, size: Size, estimate: &DatasetEstimate) -> Option<Self> {
        let (year, month) = key.split_once('-')?;
        let first = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
        let days = first.days_in_month();
        let start = crate::range::days_since_epoch(first);
        let shares = estimate.shares(key, usize::from(days.unsigned_abs()));
        Some(Self { first: start, end: start + i64::from(days), size, shares })
    }

    /// Returns the rows and bytes of one day.
    fn on(&self, day: i64) -> (f64, f64) {
        let share = usize::try_from(day - self.first).ok().and_then(|i| self.shares.get(i));
        let share = share.copied().unwrap_or_default();
        (self.size.rows as f64 * share, self.size.bytes as f64 * share)
    }
}

#[cfg(test)]
mod tests;
