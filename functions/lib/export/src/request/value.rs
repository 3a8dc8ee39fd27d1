//! Values of filters, converted to PostgreSQL's input syntax of the column's type.
//!
//! A value accepted here must not make the COPY fail later: the forms are narrow, and each value has one spelling, so
//! that equal filters are equal chunks.

mod address;
mod interval;
mod number;
mod time;

use serde_json::Value;
use uuid::Uuid;

use crate::column::{Column, ColumnType, Read};

/// Maximum length of PostgreSQL's `name`, in bytes.
const MAX_NAME_BYTES: usize = 63;

/// Checked value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Literal {
    /// Value in PostgreSQL's input syntax.
    pub(super) text: String,
    /// Value as the canonical request holds it; reading it again gives the same literal.
    pub(super) json: Value,
}

impl Literal {
    fn of(text: String) -> Self {
        // A whole number is written as a number, everything else as its text.
        let number = text.parse::<i64>().ok().filter(|n| n.to_string() == text);
        let json = number.map_or_else(|| Value::from(text.as_str()), Value::from);
        Self { text, json }
    }

    fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { json: text.as_str().into(), text }
    }
}

/// Reads a JSON scalar as a value of the column.
///
/// # Errors
/// A description of the accepted values, to complete "use …".
pub(super) fn literal(column: &Column, value: &Value) -> Result<Literal, String> {
    match column.kind {
        // An array has no narrower form than its text.
        _ if column.array => text(column, value),
        ColumnType::Bool => match value {
            Value::Bool(given) => Ok(Literal { text: given.to_string(), json: value.clone() }),
            _ => Err("true or false".to_owned()),
        },
        ColumnType::Int2 => number::whole(value, i16::MIN.into(), i16::MAX.into()).map(Literal::of),
        ColumnType::Int4 => number::whole(value, i32::MIN.into(), i32::MAX.into()).map(Literal::of),
        ColumnType::Int8 => number::whole(value, i64::MIN, i64::MAX).map(Literal::of),
        ColumnType::Oid => number::whole(value, 0, u32::MAX.into()).map(Literal::of),
        ColumnType::Float4 => number::float4(value).map(Literal::of),
        ColumnType::Float8 => number::float8(value).map(Literal::of),
        ColumnType::Numeric => number::numeric(value).map(Literal::of),
        _ => text(column, value),
    }
}

fn text(column: &Column, value: &Value) -> Result<Literal, String> {
    let text = value.as_str().filter(|text| !text.contains('\0'));
    text.and_then(|text| textual(column, text)).map(Literal::text).ok_or_else(|| wanted(column))
}

fn textual(column: &Column, text: &str) -> Option<String> {
    match column.kind {
        _ if column.array => Some(text.to_owned()),
        ColumnType::Uuid => {
            let hyphenated = text.len() == 36;
            hyphenated.then(|| Uuid::parse_str(text).ok()).flatten().map(|id| id.to_string())
        }
        ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz
            if matches!(text, "infinity" | "-infinity") =>
        {
            Some(text.to_owned())
        }
        ColumnType::Date => time::date(text),
        ColumnType::Timestamp => time::timestamp(text),
        ColumnType::Timestamptz => time::timestamptz(text),
        ColumnType::Time => time::of_day(text),
        ColumnType::Timetz => time::of_day_with_offset(text),
        ColumnType::Interval => interval::read(text),
        ColumnType::Inet if is(column, "cidr") => address::network(text),
        ColumnType::Inet => address::host(text),
        // PostgreSQL would take the first byte of a longer text, and reads a backslash as the start of a code.
        ColumnType::Char => (text.len() <= 1 && text.is_ascii() && text != "\\").then(|| text.to_owned()),
        ColumnType::Bytea => {
            let digits = text.strip_prefix("\\x")?;
            let fits = digits.len() % 2 == 0 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            fits.then(|| text.to_ascii_lowercase())
        }
        // jsonb has no NUL character, in any spelling.
        ColumnType::Jsonb => (serde_json::from_str::<Value>(text).is_ok() && !text.contains("\\u0000"))
            .then(|| text.to_owned()),
        // PostgreSQL would truncate it.
        _ if is(column, "name") => (text.len() <= MAX_NAME_BYTES).then(|| text.to_owned()),
        _ if is(column, "bit") || is(column, "varbit") => {
            text.bytes().all(|b| matches!(b, b'0' | b'1')).then(|| text.to_owned())
        }
        _ if column.labels.is_empty() => Some(text.to_owned()),
        _ => column.labels.iter().find(|label| *label == text).cloned(),
    }
}

/// Returns true if the column's type, under all domains, is PostgreSQL's own of that name.
fn is(column: &Column, name: &str) -> bool {
    column
        .compare
        .as_ref()
        .is_some_and(|compare| compare.of.schema == "pg_catalog" && compare.of.name == name)
}

fn wanted(column: &Column) -> String {
    match column.kind {
        _ if column.array => format!("a string that PostgreSQL reads as {}", column.type_name),
        ColumnType::Uuid => "a string such as \"123e4567-e89b-12d3-a456-426614174000\"".to_owned(),
        ColumnType::Date => "a date such as \"2024-01-31\", or \"infinity\", \"-infinity\"".to_owned(),
        ColumnType::Time => "a time such as \"12:30:00\", with at most microseconds".to_owned(),
        ColumnType::Timetz => "a time with its offset such as \"12:30:00+01:00\"".to_owned(),
        ColumnType::Interval => "an interval such as \"P1DT2H\" or \"1 day 02:00:00\"".to_owned(),
        ColumnType::Inet if is(column, "cidr") => {
            "a network such as \"10.1.0.0/16\", without bits set to the right of the mask".to_owned()
        }
        ColumnType::Inet => "an address such as \"10.1.2.3\", \"10.1.2.3/16\" or \"2001:db8::1\"".to_owned(),
        ColumnType::Char => "a string of one ASCII character, not a backslash, or an empty one".to_owned(),
        ColumnType::Timestamp => {
            "a timestamp without an offset such as \"2024-01-31T12:00:00\", with at most microseconds"
                .to_owned()
        }
        ColumnType::Timestamptz => {
            "an RFC 3339 instant such as \"2024-01-31T12:00:00Z\", with at most microseconds".to_owned()
        }
        ColumnType::Bytea => "a string of hexadecimal digits such as \"\\x00ff\"".to_owned(),
        ColumnType::Jsonb => "a string that contains JSON, without NUL characters".to_owned(),
        _ if is(column, "name") => format!("a string of at most {MAX_NAME_BYTES} bytes"),
        _ if is(column, "bit") || is(column, "varbit") => "a string of the digits 0 and 1".to_owned(),
        _ if !column.labels.is_empty() => {
            let labels: Vec<_> = column.labels.iter().take(20).map(|l| format!("{l:?}")).collect();
            let more = if column.labels.len() > 20 { ", …" } else { "" };
            format!("one of {}{more}", labels.join(", "))
        }
        ColumnType::Text if column.read == Read::Native => "a string without NUL characters".to_owned(),
        _ => format!("a string that PostgreSQL reads as {}", column.type_name),
    }
}

#[cfg(test)]
mod tests;
