//! Texts that a spreadsheet would run as a formula get an apostrophe in front (OWASP, *CSV injection*).

/// Whether a spreadsheet may take a text for a formula.
#[inline]
pub(super) fn is_formula(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'))
}

/// Disarms the text that begins at `begin` and ends `out`.
#[inline]
pub(super) fn guard(out: &mut Vec<u8>, begin: usize) {
    if is_formula(&out[begin..]) {
        out.insert(begin, b'\'');
    }
}
