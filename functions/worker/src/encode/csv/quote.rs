//! When and how a CSV value is put in quotes (PostgreSQL's `CopyAttributeOutCSV`).

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

    /// Whether delimiter, quote, CR or LF occur: eight bytes at a time.
    #[inline]
    fn has_special(&self, text: &[u8]) -> bool {
        let (words, rest) = text.as_chunks::<8>();
        let wanted = [self.delimiter, QUOTE, b'\n', b'\r'];
        let patterns = wanted.map(|b| u64::from_ne_bytes([b; 8]));
        words.iter().any(|word| {
            let word = u64::from_ne_bytes(*word);
            patterns.iter().fold(0, |found, pattern| found | zero_bytes(word ^ pattern)) != 0
        }) || rest.iter().any(|b| wanted.contains(b))
    }
}

/// Not zero exactly if one of the eight bytes is zero.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080
}

fn put_in_quotes(out: &mut Vec<u8>, begin: usize) {
    let quotes = out[begin..].iter().filter(|b| **b == QUOTE).count();
    let (mut from, mut to) = (out.len(), out.len() + quotes + 2);
    out.resize(to, QUOTE);
    // Backwards, so that nothing is overwritten before it is moved. The last byte is the closing quote.
    to -= 1;
    while from > begin {
        from -= 1;
        to -= 1;
        out[to] = out[from];
        if out[from] == QUOTE {
            to -= 1;
            out[to] = QUOTE;
        }
    }
    out[begin] = QUOTE;
}
