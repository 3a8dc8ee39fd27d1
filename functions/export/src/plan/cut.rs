//! Cutting a span into chunks of about equal bytes, at calendar days.

use jiff::ToSpan;
use jiff::civil::date;

use super::Piece;
use crate::estimate::{DatasetEstimate, Size};
use crate::range::{Range, Span};

/// Cuts `span` at day boundaries into chunks of about `target_bytes`, and also at `settled` if that
/// lies inside. A single day is never cut: its distribution is unknown.
pub(super) fn cut(
    span: Span,
    estimate: &DatasetEstimate,
    target_bytes: u64,
    settled: Option<i64>,
) -> Vec<Piece> {
    let inside = settled.filter(|at| span.start < *at && *at < span.end);
    let bounds = [Some(span.start), inside, Some(span.end)];
    let bounds: Vec<i64> = bounds.into_iter().flatten().collect();
    let parts = bounds.windows(2).filter_map(|w| Span::new(span.kind, w[0], w[1]));
    parts.flat_map(|part| cut_evenly(part, estimate, target_bytes)).collect()
}

/// The whole span as one chunk. Where nothing is known per month, the dataset's total is the best guess.
pub(super) fn uncut(span: Span, estimate: &DatasetEstimate) -> Piece {
    if estimate.months.is_empty() {
        return piece(span, estimate.total.rows as f64, estimate.total.bytes as f64);
    }
    let (rows, bytes) =
        days(span, estimate).fold((0.0, 0.0), |sum, day| (sum.0 + day.rows, sum.1 + day.bytes));
    piece(span, rows, bytes)
}

/// A chunk of several days is planned at most this many times as large as the target.
const MOST: f64 = 2.0;

struct Day {
    end: i64,
    rows: f64,
    bytes: f64,
}

fn cut_evenly(span: Span, estimate: &DatasetEstimate, target_bytes: u64) -> Vec<Piece> {
    let total: f64 = days(span, estimate).map(|d| d.bytes).sum();
    // Equal shares rather than full chunks and a small rest; a quarter above the target is no reason to cut.
    let share = total / (total / target_bytes.max(1) as f64 - 0.25).ceil().max(1.0);
    let mut pieces = Vec::new();
    let (mut start, mut rows, mut bytes) = (span.start, 0.0, 0.0);
    for day in days(span, estimate) {
        let before = day_start(&day, span);
        // Close the chunk before this day if that lies nearer to an equal share than after it, and always
        // before a day that would make it too large: such a day is a chunk of its own.
        let full = bytes > 0.0 && bytes + day.bytes / 2.0 > share;
        if before > start && (full || bytes + day.bytes > MOST * target_bytes as f64) {
            pieces.extend(Span::new(span.kind, start, before).map(|s| piece(s, rows, bytes)));
            (start, rows, bytes) = (before, 0.0, 0.0);
        }
        rows += day.rows;
        bytes += day.bytes;
    }
    pieces.extend(Span::new(span.kind, start, span.end).map(|s| piece(s, rows, bytes)));
    pieces
}

fn day_start(day: &Day, span: Span) -> i64 {
    let unit = span.kind.day();
    ((day.end - 1).div_euclid(unit) * unit).max(span.start)
}

fn piece(span: Span, rows: f64, bytes: f64) -> Piece {
    let (rows, bytes) = (rows.round() as u64, bytes.round() as u64);
    Piece { range: Range::Span(span), reused: None, unread: true, rows, bytes }
}

/// The days of `span`, each with its share of its month's estimate.
fn days(span: Span, estimate: &DatasetEstimate) -> impl Iterator<Item = Day> + '_ {
    let unit = span.kind.day();
    let mut at = span.start;
    let mut month: Option<Month> = None;
    std::iter::from_fn(move || {
        if at >= span.end {
            return None;
        }
        let day = at.div_euclid(unit);
        let end = (day + 1).saturating_mul(unit).min(span.end);
        let part = (end - at) as f64 / unit as f64;
        at = end;
        if month.as_ref().is_none_or(|month| day >= month.end) {
            month = Some(Month::of(day, estimate));
        }
        let (rows, bytes) = month.as_ref().map_or((0.0, 0.0), |month| month.on(day));
        Some(Day { end, rows: rows * part, bytes: bytes * part })
    })
}

/// What is estimated for the days of one month.
struct Month {
    first: i64,
    end: i64,
    size: Size,
    shares: Vec<f64>,
}

impl Month {
    fn of(day: i64, estimate: &DatasetEstimate) -> Self {
        let first = date(1970, 1, 1).saturating_add(day.clamp(-719_000, 2_900_000).days()).first_of_month();
        let key = format!("{:04}-{:02}", first.year(), first.month());
        Self {
            first: crate::range::days_since_epoch(first),
            end: crate::range::days_since_epoch(first.saturating_add(1.month())),
            size: estimate.months.get(&key).copied().unwrap_or_default(),
            shares: estimate.shares(&key, usize::from(first.days_in_month().unsigned_abs())),
        }
    }

    /// Rows and bytes of one day.
    fn on(&self, day: i64) -> (f64, f64) {
        let share = usize::try_from(day - self.first).ok().and_then(|i| self.shares.get(i));
        let share = share.copied().unwrap_or_default();
        (self.size.rows as f64 * share, self.size.bytes as f64 * share)
    }
}
