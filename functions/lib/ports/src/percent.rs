//! Percent-encoding (RFC 3986).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Every character that is not unreserved in a URI.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same in a path, whose slashes stay.
const IN_PATH: AsciiSet = RESERVED.remove(b'/');

/// Encodes every character of `text` that is not unreserved.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, &RESERVED).to_string()
}

/// Encodes a path: as `encode`, but slashes stay.
pub(crate) fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, &IN_PATH).to_string()
}
