//! How the chunks of a column may be written.

use arrow_schema::DataType;

/// What is decided for a column of a row group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    pub(super) layout: Layout,
    pub(super) effort: Effort,
    /// Whether pages and chunk know their smallest and largest value.
    pub(super) bounds: bool,
}

/// How hard zstd tries; the other codecs have no such choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// Level 1. Of numbers and short texts the files are often even smaller.
    Fast,
    /// Level 3, for half as much time again.
    Thorough,
}

/// How the values of a column chunk are laid out before they are compressed.
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
    /// BYTE_STREAM_SPLIT. Of floats only: DuckDB reads no others.
    Split,
}

/// The layouts for a type, in the order in which they are preferred when they come out alike.
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
