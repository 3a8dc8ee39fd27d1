//! What the writer is told: the schema, the codec, the encodings, and sizes that bound memory.

use std::io::Write;
use std::sync::Arc;

use arrow_schema::{FieldRef, Schema, SchemaRef};
use export::format::{Compression, ENCODER_VERSION};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory};
use parquet::basic::{Compression as Codec, Encoding, LogicalType, ZstdLevel};
use parquet::errors::Result;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::SchemaDescriptor;

use super::layout::{Coding, Effort, Layout};
use super::trial::HUGE;

/// Bytes of values after which a page ends.
const PAGE_BYTES: usize = 1 << 20;

/// Rows after which a page ends.
const PAGE_ROWS: usize = 20_000;

/// Bytes of a dictionary. What all of them may have together is bounded by the row group. One that is full
/// makes its column begin to compress in the middle of a row group, and each column has a compressor of its
/// own: four hundred small dictionaries took more memory than large ones.
const DICTIONARY_BYTES: usize = 1 << 20;

/// Bytes of a text that the statistics keep.
const STATISTICS_BYTES: usize = 64;

/// All that does not change within a file. Each column has exactly one leaf: lists do not nest.
pub(super) struct Form {
    schema: SchemaRef,
    leaves: Arc<SchemaDescriptor>,
    compression: Compression,
}

impl Form {
    /// The Parquet schema follows from the fields.
    pub(super) fn new(schema: SchemaRef, compression: Compression) -> Result<Self> {
        let leaves = ArrowSchemaConverter::new().schema_root("schema").convert(&schema)?;
        Ok(Self { schema, leaves: Arc::new(leaves), compression })
    }

    /// The same for one of the columns.
    pub(super) fn alone(&self, column: usize) -> Result<Self> {
        let schema = Schema::new(vec![self.schema.fields()[column].clone()]);
        Self::new(Arc::new(schema), self.compression)
    }

    /// The columns.
    pub(super) fn fields(&self) -> &[FieldRef] {
        self.schema.fields()
    }

    /// A file with these codings; where there are none, they do not matter.
    pub(super) fn file<W: Write + Send>(
        &self,
        sink: W,
        codings: &[Coding],
    ) -> Result<SerializedFileWriter<W>> {
        SerializedFileWriter::new(sink, self.leaves.root_schema_ptr(), self.properties(codings)?)
    }

    /// Column writers with these codings. Their pages stay in memory.
    pub(super) fn writers(&self, codings: &[Coding]) -> Result<Vec<ArrowColumnWriter>> {
        // The codings of a file are fixed; those of a row group come through a file that is never written.
        let file = self.file(std::io::sink(), codings)?;
        ArrowRowGroupWriterFactory::new(&file, self.schema.clone()).create_column_writers(0)
    }

    fn properties(&self, codings: &[Coding]) -> Result<WriterPropertiesPtr> {
        // A page of a huge value ends with the row group: by then the batch it came in is gone.
        let huge = codings.contains(&HUGE);
        let mut properties = WriterProperties::builder()
            // Changes only when files do.
            .set_created_by(format!("sluice version {ENCODER_VERSION}"))
            .set_data_page_size_limit(if huge { usize::MAX } else { PAGE_BYTES })
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_dictionary_page_size_limit(DICTIONARY_BYTES)
            .set_statistics_truncate_length(Some(STATISTICS_BYTES))
            .set_column_index_truncate_length(Some(STATISTICS_BYTES));
        for (leaf, coding) in self.leaves.columns().iter().zip(codings) {
            let path = || leaf.path().clone();
            properties = properties
                .set_column_dictionary_enabled(path(), coding.layout == Layout::Dictionary)
                .set_column_encoding(path(), encoding(coding.layout))
                .set_column_compression(path(), self.codec(coding.effort)?);
            // No order of documents is of use to a reader, and comparing long texts takes time.
            if !coding.bounds || leaf.logical_type_ref() == Some(&LogicalType::Json) {
                properties = properties.set_column_statistics_enabled(path(), EnabledStatistics::None);
            }
        }
        Ok(Arc::new(properties.build()))
    }

    /// Whether the codec knows more than one effort.
    pub(super) fn has_effort(&self) -> bool {
        self.compression == Compression::Zstd
    }

    fn codec(&self, effort: Effort) -> Result<Codec> {
        Ok(match (self.compression, effort) {
            (Compression::Snappy, _) => Codec::SNAPPY,
            (Compression::None, _) => Codec::UNCOMPRESSED,
            // The api lets no gzip through.
            (Compression::Zstd | Compression::Gzip, Effort::Fast) => Codec::ZSTD(ZstdLevel::try_new(1)?),
            (Compression::Zstd | Compression::Gzip, Effort::Thorough) => Codec::ZSTD(ZstdLevel::try_new(3)?),
        })
    }
}

fn encoding(layout: Layout) -> Encoding {
    match layout {
        // Where the dictionary is full.
        Layout::Dictionary | Layout::Plain => Encoding::PLAIN,
        Layout::Delta => Encoding::DELTA_BINARY_PACKED,
        Layout::DeltaLength => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Layout::Split => Encoding::BYTE_STREAM_SPLIT,
    }
}
