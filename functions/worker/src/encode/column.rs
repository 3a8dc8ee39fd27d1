//! Conversion of values to text, decided once per column before the first row.
//!
//! Each group of types has a small file with functions from the binary form to exactly the text of PostgreSQL's output
//! function, under UTC, ISO dates, intervals in style `postgres` and hexadecimal bytea; for JSON also to that of
//! `to_json` where it differs. Values that arrive as text are written unchanged.

mod array;
mod bytea;
mod calendar;
mod date;
mod digits;
mod float;
mod inet;
mod interval;
pub(crate) mod json;
mod numeric;
mod one_byte;
mod time;
mod timestamp;
mod uuid;

use export::column::{Column, ColumnType, Read};

use crate::decode::Malformed;

/// Function that appends the text of one value.
trait Writes: Fn(&[u8], &mut Vec<u8>) -> Result<(), Malformed> + Send + 'static {}

impl<W: Fn(&[u8], &mut Vec<u8>) -> Result<(), Malformed> + Send + 'static> Writes for W {}

/// Function that appends the text of one value, including all elements if it is an array.
pub type Write = Box<dyn Fn(&[u8], &mut Vec<u8>) -> Result<(), Malformed> + Send>;

/// Text conversion for the values of a column.
pub struct TextForm {
    /// Function that writes the text.
    pub write: Write,
    /// All bytes that can occur in the text; `None` if any can.
    pub alphabet: Option<&'static [u8]>,
    /// Function that finds the text inside the value; set if the value contains its text unchanged.
    pub verbatim: Option<Verbatim>,
}

/// Function that returns the text inside a value.
pub type Verbatim = fn(&[u8]) -> Result<&[u8], Malformed>;

/// Returns the text conversion of a column.
pub fn column_text(column: &Column) -> TextForm {
    form(column.kind, column.array)
}

/// Returns the text conversion of single values, of a column or of array elements.
pub fn text_form(kind: ColumnType) -> TextForm {
    form(kind, false)
}

fn form(kind: ColumnType, array: bool) -> TextForm {
    match kind {
        ColumnType::Bool => known(array, one_byte::bool_text, b"tf"),
        ColumnType::Int2 => known(array, digits::int2, b"-0123456789"),
        ColumnType::Int4 => known(array, digits::int4, b"-0123456789"),
        ColumnType::Int8 => known(array, digits::int8, b"-0123456789"),
        ColumnType::Oid => known(array, digits::oid, b"0123456789"),
        ColumnType::Float4 => known(array, float::float4, b"+-.0123456789eINafinty"),
        ColumnType::Float8 => known(array, float::float8, b"+-.0123456789eINafinty"),
        ColumnType::Numeric => known(array, numeric::write, b"-.0123456789INafinty"),
        ColumnType::Uuid => known(array, uuid::write, b"-0123456789abcdef"),
        ColumnType::Date => known(array, date::write, b" -0123456789BCinfty"),
        ColumnType::Time => known(array, time::plain, b".:0123456789"),
        ColumnType::Timetz => known(array, time::zoned, b"+-.:0123456789"),
        ColumnType::Timestamp => known(array, timestamp::wall, b" -.:0123456789BCinfty"),
        ColumnType::Timestamptz => known(array, timestamp::instant, b" +-.:0123456789BCinfty"),
        ColumnType::Interval => known(array, interval::write, b" +-.:0123456789adefimnorsty"),
        ColumnType::Bytea => known(array, bytea::write, b"\\x0123456789abcdef"),
        ColumnType::Inet => known(array, inet::write, b"./:0123456789abcdef"),
        ColumnType::Char => free(array, one_byte::char_text),
        ColumnType::Text | ColumnType::Json => within(array, whole),
        ColumnType::Jsonb => within(array, after_version),
    }
}

fn known(array: bool, write: impl Writes, alphabet: &'static [u8]) -> TextForm {
    if array {
        TextForm { write: array::text(write, Some(alphabet)), alphabet: None, verbatim: None }
    } else {
        TextForm { write: Box::new(write), alphabet: Some(alphabet), verbatim: None }
    }
}

fn free(array: bool, write: impl Writes) -> TextForm {
    let write: Write = if array { array::text(write, None) } else { Box::new(write) };
    TextForm { write, alphabet: None, verbatim: None }
}

fn within(array: bool, verbatim: Verbatim) -> TextForm {
    TextForm { verbatim: (!array).then_some(verbatim), ..free(array, as_it_stands(verbatim)) }
}

fn as_it_stands(verbatim: Verbatim) -> impl Writes {
    move |value: &[u8], out: &mut Vec<u8>| {
        out.extend_from_slice(verbatim(value)?);
        Ok(())
    }
}

/// Returns the text of text types, enums, `json` and everything selected as text: the whole value.
fn whole(value: &[u8]) -> Result<&[u8], Malformed> {
    Ok(value)
}

/// Returns the text of `jsonb`, which follows a version byte.
fn after_version(value: &[u8]) -> Result<&[u8], Malformed> {
    let [1, text @ ..] = value else { return Err(Malformed) };
    Ok(text)
}

/// Returns the JSON conversion of a column.
pub fn column_json(column: &Column) -> Write {
    let array = column.array;
    if column.read != Read::Native {
        // Already selected as JSON.
        return Box::new(json::ready);
    }
    match column.kind {
        ColumnType::Bool => of(array, one_byte::bool_json),
        ColumnType::Int2 => of(array, digits::int2),
        ColumnType::Int4 => of(array, digits::int4),
        ColumnType::Int8 => of(array, digits::int8),
        ColumnType::Oid => of(array, json::quoted(digits::oid)),
        ColumnType::Float4 => of(array, json::number(float::float4)),
        ColumnType::Float8 => of(array, json::number(float::float8)),
        ColumnType::Numeric => of(array, json::number(numeric::write)),
        ColumnType::Uuid => of(array, json::quoted(uuid::write)),
        ColumnType::Date => of(array, json::quoted(date::write)),
        ColumnType::Time => of(array, json::quoted(time::plain)),
        ColumnType::Timetz => of(array, json::quoted(time::zoned)),
        ColumnType::Timestamp => of(array, json::quoted(timestamp::wall_iso)),
        ColumnType::Timestamptz => of(array, json::quoted(timestamp::instant_iso)),
        ColumnType::Interval => of(array, json::quoted(interval::write)),
        ColumnType::Bytea => of(array, bytea::json),
        ColumnType::Inet => of(array, json::quoted(inet::write)),
        ColumnType::Char => of(array, one_byte::char_json),
        ColumnType::Text => of(array, json::string),
        ColumnType::Json => of(array, json::ready),
        // Always a single line.
        ColumnType::Jsonb => of(array, as_it_stands(after_version)),
    }
}

fn of(array: bool, write: impl Writes) -> Write {
    if array { array::json(write) } else { Box::new(write) }
}

/// Returns the value as an array of exactly `N` bytes.
fn exactly<const N: usize>(value: &[u8]) -> Result<[u8; N], Malformed> {
    value.try_into().map_err(|_| Malformed)
}

#[cfg(test)]
fn written(write: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), Malformed>, value: &[u8]) -> String {
    let mut out = Vec::new();
    write(value, &mut out).expect("a well-formed value");
    String::from_utf8(out).expect("text")
}

#[cfg(test)]
mod tests;
