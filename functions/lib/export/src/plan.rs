//! The plan: the new and the reused chunks of an export.
//!
//! Pure: its input is the request, the existing chunks, and the time.

mod cover;
mod cut;
mod slices;

pub use crate::request::Target;
pub use cover::{Candidate, Reuse};

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::estimate::Size;
use crate::id::{ChunkId, Fingerprint};
use crate::range::{Range, RangeKind, SliceKind, Span};

/// Parameters of planning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Target size of a chunk, in bytes of binary COPY.
    pub target_bytes: u64,
    /// Maximum number of chunks in an export.
    pub max_chunks: usize,
    /// Chunks that may be reused.
    pub reuse: Reuse,
    /// Current time, in microseconds since 1970.
    pub now_micros: i64,
}

/// The chunks of an export.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Plans of the datasets, in the order of the request.
    pub datasets: Vec<DatasetPlan>,
}

/// The chunks of one dataset; their ranges tile the requested range.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetPlan {
    /// Name of the dataset.
    pub dataset: String,
    /// The chunks, in the order of their ranges.
    pub chunks: Vec<PlannedChunk>,
    /// Reason why the dataset is one chunk, if it could not be cut.
    pub note: Option<String>,
}

/// One chunk of a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlannedChunk {
    /// Range of the chunk.
    pub range: Range,
    /// Id of the existing chunk that is reused, or `None` for a new one.
    pub reused: Option<ChunkId>,
    /// Chunk that was read before and is checked first: if nothing has changed, its file is used and nothing is read.
    /// `None` for a reused chunk.
    pub checks: Option<ChunkId>,
    /// True if the chunk must still be read: it is new, or shared with an export that waits for it too.
    pub unread: bool,
    /// Estimated number of rows.
    pub rows: u64,
    /// Estimated bytes of binary COPY.
    pub bytes: u64,
}

/// Error for a plan that is too large to accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error(
    "the export would have {chunks} chunks, {largest_chunks} of them for {largest}; at most {limit} are allowed"
)]
pub struct TooManyChunks {
    /// Number of chunks the export would have.
    pub chunks: usize,
    /// Maximum number of chunks.
    pub limit: usize,
    /// Dataset with the most chunks.
    pub largest: String,
    /// Number of chunks of that dataset.
    pub largest_chunks: usize,
    /// Number of datasets in the export.
    pub datasets: usize,
}

impl TooManyChunks {
    /// Returns the changes to the request that would make it acceptable.
    pub fn remedy(&self) -> String {
        let Self { largest, largest_chunks, limit, datasets, .. } = self;
        if largest_chunks > limit {
            return match datasets {
                1 => "request fewer days at a time, in several exports".to_owned(),
                _ => format!("export {largest} by itself, and request fewer days of it at a time"),
            };
        }
        format!("export {largest} by itself, or split the dates over several exports")
    }
}

impl Plan {
    /// Makes the plan for `targets`, reusing the allowed `candidates`.
    ///
    /// # Errors
    /// If the export would have more chunks than the policy allows.
    pub fn new(targets: &[Target], candidates: &[Candidate], policy: &Policy) -> Result<Self, TooManyChunks> {
        let (allowed, checkable) = (allowed(candidates, policy), checkable(candidates, policy.reuse));
        let plan = |target| {
            let (mine, before) = (fitting(&allowed, target), fitting(&checkable, target));
            plan_dataset(target, &mine, &cover::newest(&before), policy)
        };
        let datasets: Vec<_> = targets.iter().map(plan).collect();
        Self { datasets }.within(policy.max_chunks)
    }

    /// Returns the plan itself, if it has no more chunks than `limit`.
    ///
    /// # Errors
    /// If it has more.
    pub fn within(self, limit: usize) -> Result<Self, TooManyChunks> {
        let chunks = self.chunks().count();
        match self.datasets.iter().max_by_key(|d| d.chunks.len()) {
            Some(largest) if chunks > limit => Err(TooManyChunks {
                chunks,
                limit,
                largest: largest.dataset.clone(),
                largest_chunks: largest.chunks.len(),
                datasets: self.datasets.len(),
            }),
            _ => Ok(self),
        }
    }

    /// Returns true if everything requested has been read and may be reused: the plan then has nothing to read.
    /// Cheaper than the plan, since it ends at the first gap and cuts none.
    pub fn is_covered(targets: &[Target], candidates: &[Candidate], policy: &Policy) -> bool {
        let allowed = allowed(candidates, policy);
        targets.iter().all(|target| {
            let mine = &fitting(&allowed, target)[..];
            let read = |chunk: &PlannedChunk| chunk.reused.is_some() && !chunk.unread;
            let whole = |range| read(&cover::whole(mine, range, target.estimate.total));
            // Slices are never settled, so they are not reused without a check.
            let Some(span) = target.span else { return whole(Range::All) };
            let segments = cover::cover(mine, span);
            segments.iter().all(|segment| matches!(segment, cover::Segment::Reused(chunk) if read(chunk)))
                && (!includes_nulls(target) || whole(Range::Null))
        })
    }

    /// Returns all chunks with the index of their dataset.
    pub fn chunks(&self) -> impl Iterator<Item = (usize, &PlannedChunk)> {
        self.datasets.iter().enumerate().flat_map(|(i, d)| d.chunks.iter().map(move |p| (i, p)))
    }
}

/// Returns the chunks that a plan may reuse, in the order of the candidates. A plan holds as long as they stay the same.
pub fn usable(candidates: &[Candidate], reuse: Reuse, now_micros: i64) -> Vec<ChunkId> {
    candidates.iter().filter(|c| reuse.allows(c, now_micros)).map(|c| c.id).collect()
}

/// Groups the candidates that may be reused by fingerprint. It is done once, because thousands of candidates are
/// matched with hundreds of datasets.
fn allowed<'a>(candidates: &'a [Candidate], policy: &Policy) -> HashMap<Fingerprint, Vec<&'a Candidate>> {
    let mut allowed: HashMap<_, Vec<_>> = HashMap::new();
    for candidate in candidates.iter().filter(|c| policy.reuse.allows(c, policy.now_micros)) {
        allowed.entry(candidate.fingerprint).or_default().push(candidate);
    }
    allowed
}

/// Groups the candidates that may be checked by fingerprint.
fn checkable(candidates: &[Candidate], reuse: Reuse) -> HashMap<Fingerprint, Vec<&Candidate>> {
    let mut checkable: HashMap<_, Vec<_>> = HashMap::new();
    for candidate in candidates.iter().filter(|c| c.only_checked && reuse.allows_checks()) {
        checkable.entry(candidate.fingerprint).or_default().push(candidate);
    }
    checkable
}

/// Returns the candidates that may be files of the target: none for a sample, which is never reused, and in a layout
/// with partitions only those of a single one.
fn fitting<'a>(allowed: &HashMap<Fingerprint, Vec<&'a Candidate>>, target: &Target) -> Vec<&'a Candidate> {
    if target.selection.limit.is_some() {
        return Vec::new();
    }
    let one = |c: &&&Candidate| {
        let Some((hive, span)) = target.hive.zip(c.range.span()) else { return true };
        !hive.is_several(&span)
    };
    allowed.get(&target.fingerprint).into_iter().flatten().filter(one).copied().collect()
}

fn includes_nulls(target: &Target) -> bool {
    target.selection.range_column.as_ref().is_some_and(|c| c.include_nulls)
}

fn plan_dataset(target: &Target, mine: &[&Candidate], before: &[&Candidate], policy: &Policy) -> DatasetPlan {
    let mut chunks = Vec::new();
    match target.span {
        _ if target.selection.limit.is_some() => chunks.push(sample(target)),
        None => chunks.extend(undated(target, mine, before, policy)),
        Some(span) => {
            for segment in cover::cover(mine, span) {
                match segment {
                    cover::Segment::Reused(chunk) => chunks.push(chunk),
                    cover::Segment::Gap(gap) => chunks.extend(plan_gap(gap, target, before, policy)),
                }
            }
            if includes_nulls(target) {
                chunks.push(cover::checked(mine, before, Range::Null, target.estimate.nulls));
            }
        }
    }
    let note = note(target, chunks.len(), policy.target_bytes);
    DatasetPlan { dataset: target.selection.dataset.clone(), chunks, note }
}

/// Plans a dataset without a range column: slices of its key, or one chunk. The slices of earlier chunks are kept as long as
/// there are any, so that they can be checked, although the statistics of the key have changed since.
fn undated(
    target: &Target,
    mine: &[&Candidate],
    before: &[&Candidate],
    policy: &Policy,
) -> Vec<PlannedChunk> {
    let whole = || vec![cover::checked(mine, before, Range::All, target.estimate.total)];
    let Some(key) = &target.selection.key else { return whole() };
    let planned = slices::cut(key.kind, &target.estimate, policy.target_bytes);
    if planned.len() == 1 {
        return whole();
    }
    cover::slices(mine, before, key.kind).unwrap_or(planned)
}

/// Plans a range of which nothing is reused: new chunks, each of which checks the chunk that had the same range before,
/// if there is one. Without an index every chunk scans the whole table, so there is one of them in any case.
fn plan_gap(gap: Span, target: &Target, before: &[&Candidate], policy: &Policy) -> Vec<PlannedChunk> {
    if !target.estimate.indexed {
        let same = before.iter().find(|c| c.range == Range::Span(gap));
        return vec![same.map_or_else(|| cut::uncut(gap, &target.estimate), |c| cover::check(c))];
    }
    let cut = |gap: Span| {
        let settled = settled_day(target, gap.kind, policy.now_micros);
        cut::cut(gap, &target.estimate, policy.target_bytes, settled, target.hive)
    };
    let mut chunks = Vec::new();
    for segment in cover::cover(before, gap) {
        match segment {
            cover::Segment::Reused(chunk) => chunks.push(cover::into_check(chunk)),
            cover::Segment::Gap(gap) => chunks.extend(cut(gap)),
        }
    }
    chunks
}

/// Returns the one chunk of a sample. It covers the range without the rows whose range column is NULL.
fn sample(target: &Target) -> PlannedChunk {
    let whole = match target.span {
        None => cover::whole(&[], Range::All, target.estimate.total),
        Some(span) => cut::uncut(span, &target.estimate),
    };
    let size = Size { rows: whole.rows, bytes: whole.bytes };
    let Size { rows, bytes } = target.selection.limit.map_or(size, |limit| size.of_first(limit));
    PlannedChunk { rows, bytes, ..whole }
}

/// Multiple of the target from which on a chunk is long enough for a reason why it is not cut.
const LARGE: u64 = 4;

/// Returns the way in which a dataset without a range column is cut, or the reason why it is one chunk.
fn undated_note(target: &Target, chunks: usize, target_bytes: u64) -> String {
    let key = target.selection.key.as_ref();
    let is_large = target.estimate.total.bytes > LARGE * target_bytes;
    match key {
        Some(key) if chunks > 1 && key.kind == SliceKind::Block => {
            "no range column: cut by blocks".to_owned()
        }
        Some(key) if chunks > 1 => format!("no range column: cut by {}", key.column),
        Some(key) if is_large => format!(
            "no range column: one chunk, because its rows are not stored in the order of {}; the consistency \"snapshot\" cuts it by blocks",
            key.column
        ),
        None if is_large && target.selection.conditions().next().is_some() => {
            "no range column: one chunk, because it is filtered".to_owned()
        }
        _ => "no range column: one chunk".to_owned(),
    }
}

/// Returns the reason why the dataset is one chunk, and that rows outside the range are part of it.
fn note(target: &Target, chunks: usize, target_bytes: u64) -> Option<String> {
    if let Some(limit) = target.selection.limit {
        return Some(format!("a sample of at most {}: one chunk", crate::count::count(limit, "row")));
    }
    if target.span.is_none() {
        return Some(undated_note(target, chunks, target_bytes));
    }
    let unindexed =
        (!target.estimate.indexed).then(|| "no usable index on the range column: one chunk".to_owned());
    let nulls = target.selection.range_column.as_ref().filter(|column| column.include_nulls);
    let nulls =
        nulls.map(|column| format!("includes all rows whose {} is NULL, whatever the dates", column.name));
    let notes: Vec<_> = unindexed.into_iter().chain(nulls).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// Returns the last day boundary before which rows are settled, in units of `kind`. A plan always cuts there, so that
/// everything before it can be reused the next day.
fn settled_day(target: &Target, kind: RangeKind, now_micros: i64) -> Option<i64> {
    let until = target.selection.settle()?.until(kind, now_micros)?;
    Some(until - until.rem_euclid(kind.day()))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tiling_tests;
