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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encode("aZ0-._~"), "aZ0-._~");
        assert_eq!(encode("a b/c?d=%"), "a%20b%2Fc%3Fd%3D%25");
        assert_eq!(encode("é\"\n"), "%C3%A9%22%0A");
        assert_eq!(encode_path("t/acme/c d/1?.csv"), "t/acme/c%20d/1%3F.csv");
    }
}
