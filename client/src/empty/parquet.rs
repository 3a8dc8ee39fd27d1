//! A Parquet file without rows: the schema that the worker uses for the dataset's files, and no row group.

use std::sync::Arc;

use export::manifest::{ColumnHead, DatasetHead};
use export::parquet_type::ParquetValue;
use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

/// Returns the file.
pub(super) fn file(head: &DatasetHead) -> Result<Vec<u8>> {
    let fields = head.columns.iter().map(|column| field(column).map(Arc::new)).collect::<Result<_>>()?;
    let schema = Type::group_type_builder("schema").with_fields(fields).build()?;
    let properties = WriterProperties::builder().set_created_by("sluice".to_owned()).build();
    SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?.into_inner()
}

/// Returns the field of a column. Every value may be NULL, including the elements of a list.
fn field(column: &ColumnHead) -> Result<Type> {
    let parquet = column.parquet_type();
    if !parquet.list {
        return value(&column.name, parquet.value);
    }
    // Three levels, with the names given by the specification to the lower two.
    let element = Arc::new(value("element", parquet.value)?);
    let list = Type::group_type_builder("list").with_fields(vec![element]);
    Type::group_type_builder(&column.name)
        .with_fields(vec![Arc::new(list.with_repetition(Repetition::REPEATED).build()?)])
        .with_logical_type(Some(LogicalType::List))
        .with_repetition(Repetition::OPTIONAL)
        .build()
}

fn value(name: &str, value: ParquetValue) -> Result<Type> {
    let (physical, logical) = match value {
        ParquetValue::Bool => (Physical::BOOLEAN, None),
        ParquetValue::Int16 => (Physical::INT32, Some(LogicalType::integer(16, true))),
        ParquetValue::Int32 => (Physical::INT32, None),
        ParquetValue::Int64 => (Physical::INT64, None),
        ParquetValue::Float => (Physical::FLOAT, None),
        ParquetValue::Double => (Physical::DOUBLE, None),
        ParquetValue::Decimal { precision, scale } => return decimal(name, precision, scale),
        ParquetValue::Date => (Physical::INT32, Some(LogicalType::Date)),
        ParquetValue::Time => (Physical::INT64, Some(LogicalType::time(false, TimeUnit::MICROS))),
        ParquetValue::Timestamp => (Physical::INT64, Some(LogicalType::timestamp(false, TimeUnit::MICROS))),
        ParquetValue::Timestamptz => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        ParquetValue::Bytes => (Physical::BYTE_ARRAY, None),
        ParquetValue::Uuid => (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Uuid)),
        ParquetValue::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
        ParquetValue::String => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    Type::primitive_type_builder(name, physical)
        .with_logical_type(logical)
        .with_length(if value == ParquetValue::Uuid { UUID_BYTES } else { -1 })
        .with_repetition(Repetition::OPTIONAL)
        .build()
}

const UUID_BYTES: i32 = 16;

/// Returns the type of a decimal. The precision determines the physical type: INT32 up to 9 digits, INT64 up to 18,
/// else as many bytes as needed.
fn decimal(name: &str, precision: u8, scale: u8) -> Result<Type> {
    let (physical, length) = match precision {
        ..=9 => (Physical::INT32, -1),
        10..=18 => (Physical::INT64, -1),
        19.. => (Physical::FIXED_LEN_BYTE_ARRAY, decimal_bytes(precision)),
    };
    let (precision, scale) = (i32::from(precision), i32::from(scale));
    Type::primitive_type_builder(name, physical)
        .with_length(length)
        .with_logical_type(Some(LogicalType::decimal(scale, precision)))
        .with_precision(precision)
        .with_scale(scale)
        .with_repetition(Repetition::OPTIONAL)
        .build()
}

/// Returns the minimum number of bytes whose signed numbers hold this many digits; 38 digits need 16.
fn decimal_bytes(precision: u8) -> i32 {
    let most = 10u128.checked_pow(u32::from(precision)).map_or(u128::MAX, |most| most - 1);
    let bits = u128::BITS - most.leading_zeros() + 1;
    i32::try_from(bits.div_ceil(8)).unwrap_or(16)
}
