//! When and how a CSV value is put in quotes (PostgreSQL's `CopyAttributeOutCSV`).

use crate::encode::scan::{all_equal, equal, find, splat};

const QUOTE: u8 = b'"';

/// The rule under given options.
pub(super) struct Quoting {
    delimiter: u8,
    null: Vec<u8>,
    /// A column alone on its line: `\.` would look like the end of the data.
    single: bool,
}

impl Quoting {
    pub(super) fn new(delimiter: u8, null: &[u8], single: bool) -> Self {
        Self { delimiter, null: null.to_vec(), single }
    }

    /// Whether a non-empty text made of these bytes may need quotes.
    pub(super) fn concerns(&self, alphabet: &[u8]) -> bool {
        let may_be_null = !self.null.is_empty() && self.null.iter().all(|b| alphabet.contains(b));
        may_be_null || alphabet.contains(&self.delimiter)
    }

    /// Puts the text that begins at `begin` and ends `out` in quotes if it needs them.
    #[inline]
    pub(super) fn quote(&self, out: &mut Vec<u8>, begin: usize) {
        let text = &out[begin..];
        let needed = text == self.null || self.has_special(text) || (self.single && text == b"\\.");
        if needed {
            put_in_quotes(out, begin);
        }
    }

    /// Whether delimiter, quote, CR or LF occur.
    #[inline]
    fn has_special(&self, text: &[u8]) -> bool {
        let [delimiter, quote, lf, cr] = [self.delimiter, QUOTE, b'\n', b'\r'].map(splat);
        let marks = |word| equal(word, delimiter) | equal(word, quote) | equal(word, lf) | equal(word, cr);
        find(text, marks).is_some()
    }
}

/// Puts the text that begins at `begin` and ends `out` in quotes, and doubles those inside of it.
fn put_in_quotes(out: &mut Vec<u8>, begin: usize) {
    let (length, quotes) = (out.len() - begin, count(&out[begin..]));
    // First the text moves up: by as much as it grows, so that what is written never reaches what is not
    // yet read, and by a word more, since words are written whole. A last word may be read past the end.
    let shift = quotes + 2 + 8;
    out.resize(begin + shift + length + 8, 0);
    out.copy_within(begin..begin + length, begin + shift);
    let room = &mut out[begin..];
    room[0] = QUOTE;
    let (mut from, mut to, end) = (shift, 1, shift + length);
    while from < end {
        to = double_quotes(room, from, to, (end - from).min(8));
        from += 8;
    }
    room[to] = QUOTE;
    out.truncate(begin + to + 1);
}

/// Copies `count` bytes of the word at `from` to `to`; answers where to go on. What follows a quote is
/// written again, one place further.
#[inline]
fn double_quotes(room: &mut [u8], from: usize, mut to: usize, mut count: usize) -> usize {
    let mut word = room[from..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let mut quotes = all_equal(word, splat(QUOTE));
    loop {
        room[to..to + 8].copy_from_slice(&word.to_le_bytes());
        if quotes == 0 {
            return to + count;
        }
        let taken = quotes.trailing_zeros() as usize / 8 + 1;
        to += taken;
        room[to] = QUOTE;
        to += 1;
        if taken == count {
            return to;
        }
        count -= taken;
        word >>= 8 * taken;
        quotes >>= 8 * taken;
    }
}

fn count(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    let marks = words.iter().map(|w| all_equal(u64::from_le_bytes(*w), splat(QUOTE)).count_ones() as usize);
    marks.sum::<usize>() + rest.iter().filter(|byte| **byte == QUOTE).count()
}
