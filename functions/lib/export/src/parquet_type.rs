//! Type of a column in Parquet files, as the worker writes it, and as the client writes it if there are no rows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::column::{Column, ColumnType};

/// Type of one column. As text: `int32`, `decimal(12,2)`, `string[]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ParquetType {
    /// Type of a value, or of a list's elements.
    pub value: ParquetValue,
    /// True if it is a list.
    pub list: bool,
}

/// Type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParquetValue {
    /// BOOLEAN
    Bool,
    /// INT(16), kept in INT32
    Int16,
    /// INT32
    Int32,
    /// INT64
    Int64,
    /// FLOAT
    Float,
    /// DOUBLE
    Double,
    /// DECIMAL
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point, 0 to `precision`.
        scale: u8,
    },
    /// DATE
    Date,
    /// TIME in microseconds
    Time,
    /// TIMESTAMP in microseconds, of a wall clock
    Timestamp,
    /// TIMESTAMP in microseconds, in UTC
    Timestamptz,
    /// BYTE_ARRAY
    Bytes,
    /// UUID
    Uuid,
    /// JSON
    Json,
    /// STRING
    String,
}

/// Maximum number of digits that 128 bits always hold.
const MAX_PRECISION: u8 = 38;

impl ParquetType {
    /// Returns the type that the worker gives to a column.
    pub fn of(column: &Column) -> Self {
        if column.as_text {
            return Self { value: ParquetValue::String, list: false };
        }
        let value = match column.kind {
            ColumnType::Bool => ParquetValue::Bool,
            ColumnType::Int2 => ParquetValue::Int16,
            ColumnType::Int4 => ParquetValue::Int32,
            ColumnType::Int8 | ColumnType::Oid => ParquetValue::Int64,
            ColumnType::Float4 => ParquetValue::Float,
            ColumnType::Float8 => ParquetValue::Double,
            ColumnType::Numeric => match decimal(column.typmod) {
                Some((precision, scale)) => ParquetValue::Decimal { precision, scale },
                None => ParquetValue::String,
            },
            ColumnType::Date => ParquetValue::Date,
            ColumnType::Time => ParquetValue::Time,
            ColumnType::Timestamp => ParquetValue::Timestamp,
            ColumnType::Timestamptz => ParquetValue::Timestamptz,
            ColumnType::Bytea => ParquetValue::Bytes,
            ColumnType::Uuid => ParquetValue::Uuid,
            ColumnType::Json | ColumnType::Jsonb => ParquetValue::Json,
            ColumnType::Text
            | ColumnType::Char
            | ColumnType::Timetz
            | ColumnType::Interval
            | ColumnType::Inet => ParquetValue::String,
        };
        Self { value, list: column.array }
    }

    /// Returns the type of most columns whose PostgreSQL type has this name, as written by `format_type`. Domains,
    /// and columns that the catalog keeps as text, may differ.
    pub fn of_type_name(name: &str) -> Self {
        let (name, list) = match name.split_once('[') {
            Some((element, _)) => (element, true),
            None => (name, false),
        };
        // A modifier may be in the middle: `timestamp(3) with time zone`.
        let (base, modifier) = match name.split_once('(').and_then(|(head, rest)| {
            rest.split_once(')').map(|(modifier, tail)| (format!("{head}{tail}"), modifier))
        }) {
            Some((base, modifier)) => (base, modifier),
            None => (name.to_owned(), ""),
        };
        let value = match base.as_str() {
            "boolean" => ParquetValue::Bool,
            "smallint" => ParquetValue::Int16,
            "integer" => ParquetValue::Int32,
            "bigint" | "oid" => ParquetValue::Int64,
            "real" => ParquetValue::Float,
            "double precision" => ParquetValue::Double,
            "numeric" => digits(modifier).unwrap_or(ParquetValue::String),
            "date" => ParquetValue::Date,
            "time without time zone" => ParquetValue::Time,
            "timestamp without time zone" => ParquetValue::Timestamp,
            "timestamp with time zone" => ParquetValue::Timestamptz,
            "bytea" => ParquetValue::Bytes,
            "uuid" => ParquetValue::Uuid,
            "json" | "jsonb" => ParquetValue::Json,
            _ => ParquetValue::String,
        };
        Self { value, list }
    }
}

/// Returns the precision and scale that a type modifier declares (`make_numeric_typmod` of PostgreSQL's numeric.c);
/// `None` if it declares none, or values that DECIMAL cannot have.
pub fn decimal(typmod: i32) -> Option<(u8, u8)> {
    let packed = typmod.checked_sub(4).filter(|packed| *packed >= 0)?;
    // The scale has eleven bits with a sign.
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    fits(u8::try_from(packed >> 16).ok()?, u8::try_from(scale).ok()?)
}

fn fits(precision: u8, scale: u8) -> Option<(u8, u8)> {
    ((1..=MAX_PRECISION).contains(&precision) && scale <= precision).then_some((precision, scale))
}

/// Reads `12,2`.
fn digits(text: &str) -> Option<ParquetValue> {
    let (precision, scale) = text.split_once(',')?;
    let (precision, scale) = fits(precision.trim().parse().ok()?, scale.trim().parse().ok()?)?;
    Some(ParquetValue::Decimal { precision, scale })
}

impl fmt::Display for ParquetType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            ParquetValue::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})")?,
            value => f.write_str(word(value))?,
        }
        f.write_str(if self.list { "[]" } else { "" })
    }
}

/// All types but decimals.
const VALUES: [ParquetValue; 14] = [
    ParquetValue::Bool,
    ParquetValue::Int16,
    ParquetValue::Int32,
    ParquetValue::Int64,
    ParquetValue::Float,
    ParquetValue::Double,
    ParquetValue::Date,
    ParquetValue::Time,
    ParquetValue::Timestamp,
    ParquetValue::Timestamptz,
    ParquetValue::Bytes,
    ParquetValue::Uuid,
    ParquetValue::Json,
    ParquetValue::String,
];

fn word(value: ParquetValue) -> &'static str {
    match value {
        ParquetValue::Bool => "bool",
        ParquetValue::Int16 => "int16",
        ParquetValue::Int32 => "int32",
        ParquetValue::Int64 => "int64",
        ParquetValue::Float => "float",
        ParquetValue::Double => "double",
        ParquetValue::Decimal { .. } => "decimal",
        ParquetValue::Date => "date",
        ParquetValue::Time => "time",
        ParquetValue::Timestamp => "timestamp",
        ParquetValue::Timestamptz => "timestamptz",
        ParquetValue::Bytes => "bytes",
        ParquetValue::Uuid => "uuid",
        ParquetValue::Json => "json",
        ParquetValue::String => "string",
    }
}

/// Error for a text that is not a Parquet type.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no Parquet type")]
pub struct NoParquetType(String);

impl FromStr for ParquetType {
    type Err = NoParquetType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, list) = text.strip_suffix("[]").map_or((text, false), |name| (name, true));
        let decimal = || digits(name.strip_prefix("decimal(")?.strip_suffix(')')?);
        let value = VALUES.into_iter().find(|value| word(*value) == name).or_else(decimal);
        Ok(Self { value: value.ok_or_else(|| NoParquetType(text.to_owned()))?, list })
    }
}

impl From<ParquetType> for String {
    fn from(parquet: ParquetType) -> Self {
        parquet.to_string()
    }
}

impl TryFrom<String> for ParquetType {
    type Error = NoParquetType;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: ColumnType, type_name: &str, typmod: i32, array: bool) -> Column {
        Column { type_name: type_name.to_owned(), typmod, array, ..Column::native("c", 0, kind) }
    }

    #[test]
    fn a_type_name_gives_the_type_of_its_column() {
        for (kind, name, typmod, array, expected) in [
            (ColumnType::Numeric, "numeric(12,2)", 786_438, false, "decimal(12,2)"),
            (ColumnType::Numeric, "numeric(12,2)[]", 786_438, true, "decimal(12,2)[]"),
            (ColumnType::Numeric, "numeric", -1, false, "string"),
            (ColumnType::Numeric, "numeric(39,2)", (39 << 16) + 2 + 4, false, "string"),
            (ColumnType::Numeric, "numeric(2,-3)", (2 << 16) + (-3 & 0x7ff) + 4, false, "string"),
            (ColumnType::Timestamptz, "timestamp(3) with time zone", 3, false, "timestamptz"),
            (ColumnType::Text, "character varying(20)", 24, false, "string"),
            (ColumnType::Int4, "integer[]", -1, true, "int32[]"),
            (ColumnType::Interval, "interval(3)", 0, false, "string"),
            (ColumnType::Jsonb, "jsonb", -1, false, "json"),
        ] {
            let (of, named) =
                (ParquetType::of(&column(kind, name, typmod, array)), ParquetType::of_type_name(name));
            assert_eq!((of.to_string().as_str(), named), (expected, of), "{name}");
        }
    }

    #[test]
    fn parquet_type_names_round_trip() {
        for value in VALUES.into_iter().chain([ParquetValue::Decimal { precision: 38, scale: 0 }]) {
            for list in [false, true] {
                let parquet = ParquetType { value, list };
                assert_eq!(parquet.to_string().parse(), Ok(parquet));
            }
        }
        for bad in ["", "decimal", "decimal(39,0)", "decimal(2,3)", "int32[][]", "text"] {
            assert!(bad.parse::<ParquetType>().is_err(), "{bad}");
        }
    }
}
