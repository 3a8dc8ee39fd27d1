//! Codings available for column chunks.

use arrow_schema::DataType;

/// Coding chosen for a column of a row group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    pub(super) layout: Layout,
    pub(super) effort: Effort,
    /// True if pages and chunk carry their minimum and maximum.
    pub(super) bounds: bool,
}

/// Compression effort of zstd; the other codecs have no such choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// Level 1. For numbers and short texts the files are often even smaller.
    Fast,
    /// Level 3, which takes half as much time again.
    Thorough,
}

/// Layout of the values of a column chunk before compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// RLE_DICTIONARY, and plain pages once the dictionary is full.
    Dictionary,
    /// PLAIN.
    Plain,
    /// DELTA_BINARY_PACKED.
    Delta,
    /// DELTA_LENGTH_BYTE_ARRAY.
    DeltaLength,
    /// BYTE_STREAM_SPLIT. For floats only: DuckDB supports no others.
    Split,
}

/// Returns the layouts for a type, in order of preference for equal sizes.
pub(super) fn layouts(data_type: &DataType) -> &'static [Layout] {
    use Layout::{Delta, DeltaLength, Dictionary, Plain, Split};
    match data_type {
        DataType::List(element) => layouts(element.data_type()),
        DataType::Boolean => &[Plain],
        DataType::Float32 | DataType::Float64 => &[Dictionary, Plain, Split],
        DataType::Utf8 | DataType::Binary => &[Dictionary, Plain, DeltaLength],
        // Bytes of a fixed length.
        DataType::FixedSizeBinary(_) | DataType::Decimal128(..) => &[Dictionary, Plain],
        _ => &[Dictionary, Plain, Delta],
    }
}
