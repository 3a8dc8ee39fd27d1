//! The watermark: the safe start of the next export, computed from the chunks and the times of their reads.

use super::DoneChunk;
use crate::range::Settle;

/// Walks the chunks in the order of their ranges to the first value that was not settled when it was read. Returns
/// `None` if a chunk was read from a source that could not report the time up to which it shows commits.
pub(super) fn watermark(settle: &Settle, chunks: &[DoneChunk]) -> Option<String> {
    let mut at = None;
    for chunk in chunks {
        let Some(span) = chunk.range.span() else { continue };
        let until = settle.until(span.kind, chunk.horizon_micros?)?;
        if until < span.end {
            return Some(span.text(until.max(span.start)));
        }
        at = Some(span.text(span.end));
    }
    at
}

#[cfg(test)]
mod tests;
