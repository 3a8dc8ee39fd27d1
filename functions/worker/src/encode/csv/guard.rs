//! Texts that a spreadsheet would run as a formula get an apostrophe in front (OWASP, *CSV injection*).

use export::format::is_formula;

/// Disarms the text that begins at `begin` and ends `out`.
#[inline]
pub(super) fn guard(out: &mut Vec<u8>, begin: usize) {
    if is_formula(&out[begin..]) {
        out.insert(begin, b'\'');
    }
}
