//! Choice of Parquet type and builder per column, made before the first row. The README of the worker documents the
//! rule.

use std::sync::Arc;

use arrow_array::types::{
    Date32Type, Decimal32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_schema::extension::{Json, Uuid};
use arrow_schema::{DataType, Field, TimeUnit};
use export::column::{Column, ColumnType};

use super::build::{Build, exactly};
use super::bytes::{Bytes, Strings, Uuids};
use super::calendar;
use super::decimal::Declared;
use super::list::Lists;
use super::scalar::{Booleans, scalars};
use crate::encode::column::column_text;

/// Returns the field and the builder for a column.
pub(super) fn decide(column: &Column) -> (Field, Box<dyn Build>) {
    if column.as_text {
        let (data_type, build) = strings(column);
        return (Field::new(&column.name, data_type, true), build);
    }
    if column.array {
        // Name of list elements in the Parquet specification.
        let one = Column { name: "element".to_owned(), array: false, ..column.clone() };
        let (element, elements) = plain(&one);
        let element = Arc::new(element);
        let field = Field::new(&column.name, DataType::List(element.clone()), true);
        return (field, Box::new(Lists::new(element, elements)));
    }
    plain(column)
}

/// Returns the field and the builder for values that are not arrays.
fn plain(column: &Column) -> (Field, Box<dyn Build>) {
    let field = |data_type| Field::new(&column.name, data_type, true);
    let (data_type, build): (DataType, Box<dyn Build>) = match column.kind {
        ColumnType::Bool => (DataType::Boolean, Box::new(Booleans::new())),
        ColumnType::Int2 => of(DataType::Int16, |data_type| {
            scalars::<Int16Type, _>(data_type, |v| exactly(v).map(i16::from_be_bytes))
        }),
        ColumnType::Int4 => of(DataType::Int32, |data_type| {
            scalars::<Int32Type, _>(data_type, |v| exactly(v).map(i32::from_be_bytes))
        }),
        ColumnType::Int8 => of(DataType::Int64, |data_type| {
            scalars::<Int64Type, _>(data_type, |v| exactly(v).map(i64::from_be_bytes))
        }),
        ColumnType::Oid => of(DataType::Int64, |data_type| {
            scalars::<Int64Type, _>(data_type, |v| exactly(v).map(|v| u32::from_be_bytes(v).into()))
        }),
        ColumnType::Float4 => of(DataType::Float32, |data_type| {
            scalars::<Float32Type, _>(data_type, |v| exactly(v).map(f32::from_be_bytes))
        }),
        ColumnType::Float8 => of(DataType::Float64, |data_type| {
            scalars::<Float64Type, _>(data_type, |v| exactly(v).map(f64::from_be_bytes))
        }),
        ColumnType::Numeric => match Declared::from_typmod(column.typmod) {
            Some(declared) => decimals(declared),
            None => strings(column),
        },
        ColumnType::Date => {
            of(DataType::Date32, |data_type| scalars::<Date32Type, _>(data_type, calendar::date))
        }
        ColumnType::Time => of(DataType::Time64(TimeUnit::Microsecond), |data_type| {
            scalars::<Time64MicrosecondType, _>(data_type, calendar::time)
        }),
        ColumnType::Timestamp => timestamps(None),
        ColumnType::Timestamptz => timestamps(Some("UTC")),
        ColumnType::Bytea => (DataType::Binary, Box::new(Bytes::new())),
        ColumnType::Uuid => {
            let data_type = DataType::FixedSizeBinary(Uuids::BYTES);
            return (field(data_type).with_extension_type(Uuid), Box::new(Uuids::new()));
        }
        ColumnType::Json | ColumnType::Jsonb => {
            let (data_type, build) = strings(column);
            return (field(data_type).with_extension_type(Json::default()), build);
        }
        ColumnType::Text
        | ColumnType::Char
        | ColumnType::Timetz
        | ColumnType::Interval
        | ColumnType::Inet => strings(column),
    };
    (field(data_type), build)
}

fn of(data_type: DataType, build: impl Fn(DataType) -> Box<dyn Build>) -> (DataType, Box<dyn Build>) {
    (data_type.clone(), build(data_type))
}

fn strings(column: &Column) -> (DataType, Box<dyn Build>) {
    (DataType::Utf8, Box::new(Strings::new(column_text(column).write)))
}

fn timestamps(zone: Option<&str>) -> (DataType, Box<dyn Build>) {
    of(DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into)), |data_type| {
        scalars::<TimestampMicrosecondType, _>(data_type, calendar::timestamp)
    })
}

/// Returns type and builder of a decimal. The precision determines Parquet's physical type: INT32 up to 9 digits,
/// INT64 up to 18, else bytes of a fixed length.
fn decimals(declared: Declared) -> (DataType, Box<dyn Build>) {
    let Declared { precision, scale } = declared;
    let scale = scale.cast_signed();
    // `read` returns no more digits than declared, so nothing is truncated.
    match precision {
        ..=9 => of(DataType::Decimal32(precision, scale), |data_type| {
            scalars::<Decimal32Type, _>(data_type, move |v| Ok(declared.read(v)? as i32))
        }),
        10..=18 => of(DataType::Decimal64(precision, scale), |data_type| {
            scalars::<Decimal64Type, _>(data_type, move |v| Ok(declared.read(v)? as i64))
        }),
        19.. => of(DataType::Decimal128(precision, scale), |data_type| {
            scalars::<Decimal128Type, _>(data_type, move |v| declared.read(v))
        }),
    }
}
