//! Check that the chunks of a dataset tile its range.

use super::{DatasetHead, DoneChunk};
use crate::range::Range;

/// Error for a set of done chunks that does not tile the range of the export. It cannot happen unless the store was
/// changed by hand; in that case no manifest is written rather than a wrong one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chunks of {dataset} do not cover its range exactly: {found}")]
pub struct NotTiled {
    /// Name of the dataset.
    pub dataset: String,
    /// Description of the chunks that were found.
    pub found: String,
}

/// Checks that there is no gap, overlap or stray chunk. The chunks are in the order of their ranges.
pub(super) fn check(head: &DatasetHead, chunks: &[DoneChunk]) -> Result<(), NotTiled> {
    let not = |found: String| Err(NotTiled { dataset: head.name.clone(), found });
    let spans: Vec<_> = chunks.iter().filter_map(|c| c.range.span()).collect();
    let others: Vec<_> = chunks.iter().map(|c| c.range).filter(|r| r.span().is_none()).collect();
    match &head.range {
        None if others == [Range::All] && spans.is_empty() => Ok(()),
        None if spans.is_empty() && slices_tile(&others) => Ok(()),
        None => not(format!("{} chunks of a dataset without a range", chunks.len())),
        Some(range) => {
            let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
                return not("nothing".to_owned());
            };
            let ends = (first.range_text().start, last.range_text().end);
            if ends != (range.start.clone(), range.end.clone()) {
                return not(format!("{:?} to {:?}", ends.0, ends.1));
            }
            if let Some(pair) = spans.windows(2).find(|pair| pair[0].end != pair[1].start) {
                return not(format!(
                    "{} is followed by {}",
                    pair[0].text(pair[0].end),
                    pair[1].text(pair[1].start)
                ));
            }
            if others.is_empty() || others == [Range::Null] { Ok(()) } else { not(format!("{others:?}")) }
        }
    }
}

/// Returns true if slices of one key follow one another from the open start to the open end.
fn slices_tile(ranges: &[Range]) -> bool {
    let slices: Vec<_> = ranges.iter().filter_map(Range::slice).collect();
    let (Some(first), Some(last)) = (slices.first(), slices.last()) else { return false };
    slices.len() == ranges.len()
        && (first.first(), last.after()) == (None, None)
        && slices.windows(2).all(|pair| pair[0].end == pair[1].start && pair[0].kind == pair[1].kind)
}
