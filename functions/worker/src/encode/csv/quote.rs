//! Quoting of CSV values (PostgreSQL's `CopyAttributeOutCSV`).

use crate::encode::scan::{equal, find, splat};

const QUOTE: u8 = b'"';

/// Quoting rule for the given options.
pub(super) struct Quoting {
    delimiter: u8,
    null: Vec<u8>,
    /// True if the file has a single column: `\.` on a line would look like the end of the data.
    single: bool,
    /// Buffer for a text that is being quoted.
    bare: Vec<u8>,
}

impl Quoting {
    pub(super) fn new(delimiter: u8, null: &[u8], single: bool) -> Self {
        Self { delimiter, null: null.to_vec(), single, bare: Vec::new() }
    }

    /// Returns true if a non-empty text made of these bytes may need quotes.
    pub(super) fn concerns(&self, alphabet: &[u8]) -> bool {
        let may_be_null = !self.null.is_empty() && self.null.iter().all(|b| alphabet.contains(b));
        may_be_null || alphabet.contains(&self.delimiter)
    }

    /// Appends a text, quoted if necessary.
    #[inline]
    pub(super) fn append(&self, text: &[u8], out: &mut Vec<u8>) {
        if self.needed(text) { append_in_quotes(text, out) } else { out.extend_from_slice(text) }
    }

    /// Quotes the text that begins at `begin` and ends at the end of `out`, if necessary.
    #[inline]
    pub(super) fn quote(&mut self, out: &mut Vec<u8>, begin: usize) {
        if self.needed(&out[begin..]) {
            self.bare.clear();
            self.bare.extend_from_slice(&out[begin..]);
            out.truncate(begin);
            append_in_quotes(&self.bare, out);
        }
    }

    #[inline]
    fn needed(&self, text: &[u8]) -> bool {
        text == self.null || self.has_special(text) || (self.single && text == b"\\.")
    }

    /// Returns true if the text contains the delimiter, a quote, CR or LF.
    #[inline]
    fn has_special(&self, text: &[u8]) -> bool {
        let [delimiter, quote, lf, cr] = [self.delimiter, QUOTE, b'\n', b'\r'].map(splat);
        let marks = |word| equal(word, delimiter) | equal(word, quote) | equal(word, lf) | equal(word, cr);
        find(text, marks).is_some()
    }
}

/// Appends a text in quotes, with inner quotes doubled.
fn append_in_quotes(text: &[u8], out: &mut Vec<u8>) {
    // Most texts have few quotes; with more of them the buffer grows.
    out.reserve(text.len() + text.len() / 4 + 18);
    out.push(QUOTE);
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        if equal(u64::from_le_bytes(*word), splat(QUOTE)) == 0 {
            out.extend_from_slice(word);
        } else {
            double_quotes(*word, out);
        }
    }
    for byte in rest {
        out.push(*byte);
        if *byte == QUOTE {
            out.push(QUOTE);
        }
    }
    out.push(QUOTE);
}

/// Appends eight bytes with quotes doubled, without a branch per byte.
#[inline]
fn double_quotes(word: [u8; 8], out: &mut Vec<u8>) {
    // At most sixteen bytes, and one that is written but not kept; the mask avoids a bounds check.
    let (mut wide, mut length) = ([0u8; 32], 0);
    for byte in word {
        wide[length & 31] = byte;
        wide[(length + 1) & 31] = QUOTE;
        length += 1 + usize::from(byte == QUOTE);
    }
    let begin = out.len();
    out.extend_from_slice(&wide[..16]);
    out.truncate(begin + length);
}
