//! Arrays: the text of `array_out` and the JSON of `array_to_json`, from the conversion of the elements.

use super::digits::signed;
use super::{Write, Writes};
use crate::decode::{Array, Dimension, Malformed};

/// Returns the text conversion of an array. `alphabet`: all bytes that can occur in the text of an element.
pub(super) fn text(write: impl Writes, alphabet: Option<&[u8]>) -> Write {
    let quotable = alphabet.is_none_or(|alphabet| alphabet.iter().any(|byte| is_special(*byte)));
    Box::new(move |value, out| {
        let array = Array::read(value)?;
        if array.dimensions().is_empty() {
            out.extend_from_slice(b"{}");
            return Ok(());
        }
        if array.dimensions().iter().any(|dimension| dimension.lower != 1) {
            bounds(array.dimensions(), out)?;
        }
        let mut first = true;
        array.elements(|at, element| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            repeat(b'{', at.opens, out);
            match element {
                None => out.extend_from_slice(b"NULL"),
                Some(element) => {
                    let begin = out.len();
                    write(element, out)?;
                    if quotable {
                        quote(out, begin);
                    }
                }
            }
            repeat(b'}', at.closes, out);
            Ok(())
        })
    })
}

/// Returns the JSON conversion of an array, from the JSON conversion of its elements.
pub(super) fn json(write: impl Writes) -> Write {
    Box::new(move |value, out| {
        let array = Array::read(value)?;
        if array.dimensions().is_empty() {
            out.extend_from_slice(b"[]");
            return Ok(());
        }
        let mut first = true;
        array.elements(|at, element| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            repeat(b'[', at.opens, out);
            match element {
                None => out.extend_from_slice(b"null"),
                Some(element) => write(element, out)?,
            }
            repeat(b']', at.closes, out);
            Ok(())
        })
    })
}

/// Appends a byte several times; usually none or once.
#[inline]
fn repeat(byte: u8, times: usize, out: &mut Vec<u8>) {
    for _ in 0..times {
        out.push(byte);
    }
}

/// Appends the bounds, such as `[5:6][0:1]=`.
fn bounds(dimensions: &[Dimension], out: &mut Vec<u8>) -> Result<(), Malformed> {
    for Dimension { length, lower } in dimensions {
        let lower = i64::from(*lower);
        let upper = i64::try_from(*length).map_err(|_| Malformed)? + lower - 1;
        out.push(b'[');
        signed(lower, out);
        out.push(b':');
        signed(upper, out);
        out.push(b']');
    }
    out.push(b'=');
    Ok(())
}

/// Returns true if an element with this byte must be quoted.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',' | b' ' | b'\t'..=b'\r')
}

static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let bytes = b"\"\\{}, \t\n\x0b\x0c\r";
    let mut i = 0;
    while i < bytes.len() {
        special[bytes[i] as usize] = true;
        i += 1;
    }
    special
};

/// Quotes the element that begins at `begin` and ends at the end of `out`, if necessary.
fn quote(out: &mut Vec<u8>, begin: usize) {
    let text = &out[begin..];
    let special = text.iter().any(|byte| SPECIAL[usize::from(*byte)]);
    if !special && !text.is_empty() && !text.eq_ignore_ascii_case(b"NULL") {
        return;
    }
    let escapes = text.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    let (mut from, mut to) = (out.len(), out.len() + escapes + 2);
    out.resize(to, b'"');
    // Backwards, so that nothing is overwritten before it is moved. The last byte is the closing quote.
    to -= 1;
    while from > begin {
        from -= 1;
        to -= 1;
        out[to] = out[from];
        if matches!(out[from], b'"' | b'\\') {
            to -= 1;
            out[to] = b'\\';
        }
    }
    out[begin] = b'"';
}

#[cfg(test)]
mod tests;
