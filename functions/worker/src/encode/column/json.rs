//! JSON forms of values: strings with their escapes, numbers that JSON cannot represent, and values that are JSON
//! already.

use super::Writes;
use crate::decode::Malformed;
use crate::encode::scan::{control, equal, find, splat};

/// Appends a text as a JSON string.
pub(super) fn string(text: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    escape(text, out);
    Ok(())
}

/// Appends a JSON string, escaped as PostgreSQL's `escape_json` does.
#[inline]
pub(crate) fn escape(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    while let Some(at) =
        find(rest, |word| control(word) | equal(word, splat(b'"')) | equal(word, splat(b'\\')))
    {
        out.extend_from_slice(&rest[..at]);
        escape_byte(rest[at], out);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cold]
fn escape_byte(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'\x08' => b'b',
        b'\x0c' => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        b'"' | b'\\' => byte,
        _ => {
            out.extend_from_slice(b"\\u00");
            let digit = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
            return out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Returns a function that quotes a text which needs no escapes.
pub(super) fn quoted(write: impl Writes) -> impl Writes {
    move |value: &[u8], out: &mut Vec<u8>| {
        out.push(b'"');
        write(value, out)?;
        out.push(b'"');
        Ok(())
    }
}

/// Returns a function that writes a number. JSON cannot represent NaN and the infinities, which become strings.
pub(super) fn number(write: impl Writes) -> impl Writes {
    move |value: &[u8], out: &mut Vec<u8>| {
        let begin = out.len();
        write(value, out)?;
        // A number ends with a digit. NaN and the infinities end with a letter.
        if out.last().is_some_and(u8::is_ascii_alphabetic) {
            out.insert(begin, b'"');
            out.push(b'"');
        }
        Ok(())
    }
}

/// Appends JSON text unchanged, except that a line break between tokens becomes a space: one object per line. JSON
/// does not allow line breaks inside strings.
pub(super) fn ready(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let begin = out.len();
    out.extend_from_slice(value);
    let breaks = |word| equal(word, splat(b'\n')) | equal(word, splat(b'\r'));
    if let Some(at) = find(&out[begin..], breaks) {
        for byte in &mut out[begin + at..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{float, written};
    use super::*;

    #[test]
    fn strings_are_escaped_like_postgresql() {
        let text = "a\"b\\c/\x08\x0c\n\r\t\x01\x1f\x7fé\u{2028}🦀";
        assert_eq!(
            written(string, text.as_bytes()),
            "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7fé\u{2028}🦀\""
        );
        assert_eq!(written(string, b""), "\"\"");
    }

    #[test]
    fn non_finite_floats_become_json_strings() {
        let text = |x: f64| written(number(float::float8), &x.to_be_bytes());
        assert_eq!(text(f64::NAN), "\"NaN\"");
        assert_eq!(text(f64::NEG_INFINITY), "\"-Infinity\"");
        assert_eq!(text(-1.5e300), "-1.5e+300");
        assert_eq!(text(-0.0), "-0");
    }

    #[test]
    fn json_line_breaks_become_spaces() {
        assert_eq!(
            written(ready, b"{\"a\":\r\n [1,\n2], \"b\": \"x\\ny\"}"),
            "{\"a\":   [1, 2], \"b\": \"x\\ny\"}"
        );
    }

    proptest! {
        #[test]
        fn json_strings_round_trip(text in "([a\"\\\\\x00-\x1f\x7fé]|\\PC){0,40}") {
            let json = written(string, text.as_bytes());
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
