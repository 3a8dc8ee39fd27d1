//! Search for bytes in a text, eight at a time.

/// Returns the position of the first byte that `marks` finds. For a word of eight bytes, the first one lowest,
/// `marks` returns zero if there is none; otherwise a word whose lowest set bit is in the first such byte.
#[inline]
pub(super) fn find(text: &[u8], marks: impl Fn(u64) -> u64) -> Option<usize> {
    let place = |found: u64| (found.trailing_zeros() / 8) as usize;
    let Some(last) = text.last_chunk::<8>() else {
        let first = *text.first()?;
        // A short text padded with its first byte: if the padding is found, so is the first byte, at the start.
        let word = text.iter().rev().fold(splat(first), |word, byte| word << 8 | u64::from(*byte));
        let found = marks(word);
        return (found != 0).then(|| place(found));
    };
    let (words, rest) = text.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let found = marks(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(8 * i + place(found));
        }
    }
    if rest.is_empty() {
        return None;
    }
    // The last eight bytes. They overlap bytes that are already known not to match.
    let found = marks(u64::from_le_bytes(*last));
    (found != 0).then(|| text.len() - 8 + place(found))
}

/// Returns a word of eight times this byte.
#[inline]
pub(super) const fn splat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Marks bytes equal to those of the pattern. Marks above the lowest one may be wrong.
#[inline]
pub(super) fn equal(word: u64, pattern: u64) -> u64 {
    let word = word ^ pattern;
    word.wrapping_sub(splat(0x01)) & !word & splat(0x80)
}

/// Marks control characters, those below the space. Marks above the lowest one may be wrong.
#[inline]
pub(super) fn control(word: u64) -> u64 {
    word.wrapping_sub(splat(b' ')) & !word & splat(0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn scan_equals_a_plain_search(
            text in proptest::collection::vec(prop_oneof![0u8..0x24, 0x7eu8..0x82, any::<u8>()], 0..40),
        ) {
            let found = find(&text, |word| equal(word, splat(b'"')) | equal(word, splat(0x80)));
            prop_assert_eq!(found, text.iter().position(|b| matches!(b, b'"' | 0x80)));
            prop_assert_eq!(find(&text, control), text.iter().position(|b| *b < b' '));
        }
    }
}
