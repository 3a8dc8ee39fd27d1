//! Size of a dataset's plan as shown in a dry run: counted, estimated, an upper bound, or unknown.
//!
//! A plan needs a figure for every chunk and uses zero if it has none. A client must not read that as "no rows". If
//! rows belong to several tenants, PostgreSQL's estimates cover all of them: they are used to cut chunks and are not
//! shown. The size of the client's own earlier chunks is shown instead.

use super::Workload;
use crate::estimate::{DatasetEstimate, Size};
use crate::plan::{DatasetPlan, PlannedChunk, Target};
use crate::range::Range;

/// Maximum number of months of a dataset that are estimated: with this many or more, the dataset may have further
/// months.
const MAX_MONTHS: usize = 600;

/// Part of a COPY's work that a check takes, as a divisor: the rows are counted in the server and not sent. Measured: 94
/// ms for 500,000 orders instead of 890 ms.
const CHECK_SHARE: u64 = 10;

/// Sizes of the client's last chunks of a dataset, with the same columns and filters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Own {
    /// Chunks of a span.
    pub spans: Past,
    /// Chunks of rows whose range column is NULL.
    pub nulls: Past,
    /// Chunks of whole datasets.
    pub whole: Past,
}

/// Sums over chunks that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Past {
    /// Number of chunks.
    pub chunks: u64,
    /// Rows of the chunks.
    pub rows: u64,
    /// Bytes of binary COPY of the chunks.
    pub bytes: u64,
    /// Length of the chunks' ranges, in units of the range column; 0 for ranges without bounds.
    pub units: f64,
}

/// Sizes of one dataset in a plan, as far as they may be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Size of the whole dataset: counted for chunks that are already read.
    pub all: Option<Size>,
    /// Chunks to read that no other export shares.
    pub new: Option<Workload>,
    /// All chunks to read, including those that another export of the client waits for too.
    pub unread: Option<Workload>,
    /// Part of `unread` that another export waits for too.
    pub shared: Workload,
    /// Bytes of the largest unread chunk.
    pub largest: u64,
    /// True if these are upper bounds.
    pub at_most: bool,
    /// Origin of the figures, or the reason why there are none.
    pub note: Option<&'static str>,
}

impl Sizes {
    /// Computes the sizes of a dataset's plan. `own` is used only if the dataset has a tenant column.
    pub fn of(plan: &DatasetPlan, target: &Target, own: &Own) -> Self {
        let unread: Vec<_> = plan.chunks.iter().filter(|chunk| chunk.unread).collect();
        let counted: Size = plan.chunks.iter().filter(|chunk| !chunk.unread).map(size_of).sum();
        if unread.is_empty() {
            let none = Some(Workload::default());
            return Self { all: Some(counted), new: none, unread: none, ..Self::default() };
        }
        let guess = if target.selection.tenant_column.is_some() {
            Guess::of_own(&unread, own)
        } else {
            Guess::of_estimate(&unread, target)
        };
        let Some(mut sizes) = guess.sizes else { return Self { note: guess.note, ..Self::default() } };
        if let Some(limit) = target.selection.limit {
            sizes.iter_mut().for_each(|size| *size = size.of_first(limit));
        }
        let (mut new, mut shared, mut sum) = (Workload::default(), Workload::default(), Size::default());
        for (chunk, size) in unread.iter().zip(&sizes) {
            let load = if chunk.reused.is_some() { &mut shared } else { &mut new };
            let share = if chunk.checks.is_some() { CHECK_SHARE } else { 1 };
            load.add(size.bytes / share);
            sum += *size;
        }
        // Statistics are older than files: the counted size may be larger than the estimate of the whole dataset.
        let most = |all: u64, counted: u64| guess.most.map_or(u64::MAX, |_| all.max(counted));
        let limit = guess.most.unwrap_or_default();
        let all = Size {
            rows: (sum.rows + counted.rows).min(most(limit.rows, counted.rows)),
            bytes: (sum.bytes + counted.bytes).min(most(limit.bytes, counted.bytes)),
        };
        Self {
            all: Some(all),
            new: Some(new),
            unread: Some(Workload { chunks: new.chunks + shared.chunks, bytes: new.bytes + shared.bytes }),
            shared,
            largest: sizes.iter().map(|size| size.bytes).max().unwrap_or_default(),
            at_most: guess.at_most || target.selection.limit.is_some(),
            note: guess.note,
        }
    }
}

/// Estimated sizes of the unread chunks.
struct Guess {
    sizes: Option<Vec<Size>>,
    /// Upper bound of their sum: the estimated size of the whole dataset.
    most: Option<Size>,
    at_most: bool,
    note: Option<&'static str>,
}

impl Guess {
    fn of_own(unread: &[&PlannedChunk], own: &Own) -> Self {
        let sizes: Option<Vec<_>> = unread.iter().map(|chunk| own.expects(&chunk.range)).collect();
        let note = match sizes {
            Some(_) => "estimated from your own recent chunks of this dataset",
            None => {
                "the size is unknown until you have exported chunks of this dataset; estimates cover all tenants and are not shown"
            }
        };
        Self { sizes, most: None, at_most: false, note: Some(note) }
    }

    fn of_estimate(unread: &[&PlannedChunk], target: &Target) -> Self {
        let estimate = &target.estimate;
        let total = estimate.total;
        if !estimate.is_taken() {
            let note = Some("the size is unknown: there is no estimate for this dataset");
            return Self { sizes: None, most: None, at_most: false, note };
        }
        let planned = unread.iter().map(|chunk| size_of(chunk));
        if target.span.is_none() || estimate.knows_months() {
            let sizes = capped(planned.collect(), total);
            let filtered = target.selection.conditions().next().is_some();
            let note = filtered.then_some("upper bound: estimated without the filters");
            return Self { sizes: Some(sizes), most: Some(total), at_most: filtered, note };
        }
        // The distribution of the rows is unknown: each chunk may have all of them, but all chunks together have no
        // more.
        let each = unread.len() as u64;
        let share = Size { rows: total.rows.div_ceil(each), bytes: total.bytes.div_ceil(each) };
        let sizes = capped(vec![share; unread.len()], total);
        let note = Some("upper bound: estimated for the whole dataset, not by date");
        Self { sizes: Some(sizes), most: Some(total), at_most: true, note }
    }
}

/// Scales the sizes down so that their sum is at most `total`.
fn capped(sizes: Vec<Size>, total: Size) -> Vec<Size> {
    let sum: Size = sizes.iter().copied().sum();
    let part = |n: u64, sum: u64, total: u64| {
        if sum <= total { n } else { (u128::from(n) * u128::from(total) / u128::from(sum)) as u64 }
    };
    let cap = |size: Size| Size {
        rows: part(size.rows, sum.rows, total.rows),
        bytes: part(size.bytes, sum.bytes, total.bytes),
    };
    sizes.into_iter().map(cap).collect()
}

fn size_of(chunk: &PlannedChunk) -> Size {
    Size { rows: chunk.rows, bytes: chunk.bytes }
}

impl Own {
    /// Returns the expected size of a chunk of this range, by the average of earlier ones; `None` if there are none.
    fn expects(&self, range: &Range) -> Option<Size> {
        let (past, share) = match range {
            // An open end has no length, so no size can be in proportion to it.
            Range::Span(span) if span.first().is_none() || span.after().is_none() => return None,
            Range::Span(span) => (self.spans, (span.end as f64 - span.start as f64) / self.spans.units),
            Range::Null => (self.nulls, 1.0 / self.nulls.chunks as f64),
            // A dataset with a tenant column is not cut into slices.
            Range::Slice(_) => return None,
            Range::All => (self.whole, 1.0 / self.whole.chunks as f64),
        };
        let part = |n: u64| (n as f64 * share).ceil() as u64;
        (past.chunks > 0 && share.is_finite())
            .then(|| Size { rows: part(past.rows), bytes: part(past.bytes) })
    }
}

impl DatasetEstimate {
    /// Returns true if PostgreSQL was queried for this estimate.
    fn is_taken(&self) -> bool {
        self.taken_micros.is_some() || self.total != Size::default()
    }

    /// Returns true if all months that have rows are among the estimated ones.
    fn knows_months(&self) -> bool {
        (1..MAX_MONTHS).contains(&self.months.len())
    }
}

#[cfg(test)]
mod tests;
