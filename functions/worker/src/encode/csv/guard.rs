//! Protection against formulas: texts that a spreadsheet would run as a formula get a leading apostrophe (OWASP, *CSV
//! injection*).

use export::format::is_formula;

/// Guards the text that begins at `begin` and ends at the end of `out`.
#[inline]
pub(super) fn guard(out: &mut Vec<u8>, begin: usize) {
    if is_formula(&out[begin..]) {
        out.insert(begin, b'\'');
    }
}
