//! What a dry run may say of the size of a dataset's plan: what is counted or estimated, an upper bound, or nothing.
//!
//! A plan needs a figure for every chunk and takes nothing where it knows nothing. A caller must not read that as "no rows".
//! And where rows are of several tenants, PostgreSQL's estimates are of all of them: they cut chunks and are not shown. What
//! is shown there is what the caller's own chunks had.

use super::Load;
use crate::estimate::{DatasetEstimate, Size};
use crate::plan::{DatasetPlan, Piece, Want};
use crate::range::Range;

/// Months of a dataset that are estimated at most: as many or more may not be all that it has.
const MAX_MONTHS: usize = 600;

/// What the caller's last chunks of a dataset had, with the same columns and filters.
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
    /// How many.
    pub chunks: u64,
    /// Their rows.
    pub rows: u64,
    /// Their bytes of binary COPY.
    pub bytes: u64,
    /// The length of their ranges, in units of the range column; 0 for those without bounds.
    pub units: f64,
}

/// How much a plan has of one dataset, as far as that may be said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// All of it: counted where it is there already.
    pub all: Option<Size>,
    /// What is read anew for it.
    pub new: Option<Load>,
    /// What is still to be read, for this export or for another one of the caller's too.
    pub unread: Option<Load>,
    /// What of that another export waits for too.
    pub shared: Load,
    /// The most bytes that one chunk of it has.
    pub largest: u64,
    /// Whether these are upper bounds.
    pub at_most: bool,
    /// Where the figures are from, or why there are none.
    pub note: Option<&'static str>,
}

impl Sizes {
    /// The sizes of a dataset's plan. `own` matters where the dataset has a tenant column.
    pub fn of(plan: &DatasetPlan, want: &Want, own: &Own) -> Self {
        let unread: Vec<_> = plan.pieces.iter().filter(|piece| piece.unread).collect();
        let counted: Size = plan.pieces.iter().filter(|piece| !piece.unread).map(size_of).sum();
        if unread.is_empty() {
            let none = Some(Load::default());
            return Self { all: Some(counted), new: none, unread: none, ..Self::default() };
        }
        let guess = if want.selection.tenant_column.is_some() {
            Guess::of_own(&unread, own)
        } else {
            Guess::of_estimate(&unread, want)
        };
        let Some(sizes) = guess.sizes else { return Self { note: guess.note, ..Self::default() } };
        let (mut new, mut shared, mut sum) = (Load::default(), Load::default(), Size::default());
        for (piece, size) in unread.iter().zip(&sizes) {
            let load = if piece.reused.is_some() { &mut shared } else { &mut new };
            load.add(size.bytes);
            sum += *size;
        }
        // Statistics are older than files: what was counted may be more than all that was estimated.
        let most = |all: u64, counted: u64| guess.most.map_or(u64::MAX, |_| all.max(counted));
        let limit = guess.most.unwrap_or_default();
        let all = Size {
            rows: (sum.rows + counted.rows).min(most(limit.rows, counted.rows)),
            bytes: (sum.bytes + counted.bytes).min(most(limit.bytes, counted.bytes)),
        };
        Self {
            all: Some(all),
            new: Some(new),
            unread: Some(Load { chunks: new.chunks + shared.chunks, bytes: new.bytes + shared.bytes }),
            shared,
            largest: sizes.iter().map(|size| size.bytes).max().unwrap_or_default(),
            at_most: guess.at_most,
            note: guess.note,
        }
    }
}

/// Sizes of chunks that are not read yet.
struct Guess {
    sizes: Option<Vec<Size>>,
    /// What all of the dataset has.
    most: Option<Size>,
    at_most: bool,
    note: Option<&'static str>,
}

impl Guess {
    fn of_own(unread: &[&Piece], own: &Own) -> Self {
        let sizes: Option<Vec<_>> = unread.iter().map(|piece| own.expects(&piece.range)).collect();
        let note = match sizes {
            Some(_) => "as much as in your own last chunks of it",
            None => {
                "its size is unknown until chunks of it were exported; estimates are of all tenants and not shown"
            }
        };
        Self { sizes, most: None, at_most: false, note: Some(note) }
    }

    fn of_estimate(unread: &[&Piece], want: &Want) -> Self {
        let estimate = &want.estimate;
        let total = estimate.total;
        if !estimate.is_taken() {
            let note = Some("its size is unknown: there is no estimate of it");
            return Self { sizes: None, most: None, at_most: false, note };
        }
        let planned = unread.iter().map(|piece| size_of(piece));
        if want.span.is_none() || estimate.knows_months() {
            let sizes = capped(planned.collect(), total);
            let filtered = !want.selection.predicates.is_empty();
            let note = filtered.then_some("estimated without the filters: at most this much");
            return Self { sizes: Some(sizes), most: Some(total), at_most: filtered, note };
        }
        // How the rows lie is not known: each of the chunks may have them all, but all together have no more.
        let each = unread.len() as u64;
        let share = Size { rows: total.rows.div_ceil(each), bytes: total.bytes.div_ceil(each) };
        let sizes = capped(vec![share; unread.len()], total);
        let note = Some("estimated as a whole, not by date: at most this much");
        Self { sizes: Some(sizes), most: Some(total), at_most: true, note }
    }
}

/// Sizes that together are no more than `total`.
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

fn size_of(piece: &Piece) -> Size {
    Size { rows: piece.rows, bytes: piece.bytes }
}

impl Own {
    /// What a chunk of this range has if it is like those before; `None` without any.
    fn expects(&self, range: &Range) -> Option<Size> {
        let (past, share) = match range {
            // An open end is no length, so nothing can be in proportion to it.
            Range::Span(span) if span.first().is_none() || span.after().is_none() => return None,
            Range::Span(span) => (self.spans, (span.end as f64 - span.start as f64) / self.spans.units),
            Range::Null => (self.nulls, 1.0 / self.nulls.chunks as f64),
            Range::All => (self.whole, 1.0 / self.whole.chunks as f64),
        };
        let part = |n: u64| (n as f64 * share).ceil() as u64;
        (past.chunks > 0 && share.is_finite())
            .then(|| Size { rows: part(past.rows), bytes: part(past.bytes) })
    }
}

impl DatasetEstimate {
    /// Whether PostgreSQL was asked for it at all.
    fn is_taken(&self) -> bool {
        self.taken_micros.is_some() || self.total != Size::default()
    }

    /// Whether all months that have rows are among those estimated.
    fn knows_months(&self) -> bool {
        (1..MAX_MONTHS).contains(&self.months.len())
    }
}

#[cfg(test)]
mod tests;
