//! Properties of the writer: schema, codec, encodings, and sizes that bound memory.

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

/// Maximum size of a dictionary in bytes. Their total is bounded by the row group. When one is full, its column
/// begins to compress in the middle of a row group, and each column has its own compressor: four hundred small
/// dictionaries took more memory than large ones.
const DICTIONARY_BYTES: usize = 1 << 20;

/// Bytes of a text kept in the statistics.
const STATISTICS_BYTES: usize = 64;

/// Properties that do not change within a file. Each column has exactly one leaf, since lists do not nest.
pub(super) struct Form {
    schema: SchemaRef,
    leaves: Arc<SchemaDescriptor>,
    compression: Compression,
}

impl Form {
    /// Derives the Parquet schema from the fields.
    pub(super) fn new(schema: SchemaRef, compression: Compression) -> Result<Self> {
        let leaves = ArrowSchemaConverter::new().schema_root("schema").convert(&schema)?;
        Ok(Self { schema, leaves: Arc::new(leaves), compression })
    }

    /// Returns the properties for one of the columns.
    pub(super) fn alone(&self, column: usize) -> Result<Self> {
        let schema = Schema::new(vec![self.schema.fields()[column].clone()]);
        Self::new(Arc::new(schema), self.compression)
    }

    /// Returns the columns.
    pub(super) fn fields(&self) -> &[FieldRef] {
        self.schema.fields()
    }

    /// Creates a file writer with these codings. An empty list means that codings do not matter.
    pub(super) fn file<W: Write + Send>(
        &self,
        sink: W,
        codings: &[Coding],
    ) -> Result<SerializedFileWriter<W>> {
        SerializedFileWriter::new(sink, self.leaves.root_schema_ptr(), self.properties(codings)?)
    }

    /// Creates column writers with these codings. Their pages stay in memory.
    pub(super) fn writers(&self, codings: &[Coding]) -> Result<Vec<ArrowColumnWriter>> {
        // The codings of a file are fixed, so those of a row group are passed through a file that is never written.
        let file = self.file(std::io::sink(), codings)?;
        ArrowRowGroupWriterFactory::new(&file, self.schema.clone()).create_column_writers(0)
    }

    fn properties(&self, codings: &[Coding]) -> Result<WriterPropertiesPtr> {
        // A page with huge values ends only with the row group, when the batch it came in is already freed.
        let huge = codings.contains(&HUGE);
        let mut properties = WriterProperties::builder()
            // Changes only when the file contents change.
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
            // An order of JSON documents is useless to readers, and comparing long texts takes time.
            if !coding.bounds || leaf.logical_type_ref() == Some(&LogicalType::Json) {
                properties = properties.set_column_statistics_enabled(path(), EnabledStatistics::None);
            }
        }
        Ok(Arc::new(properties.build()))
    }

    /// Returns true if the codec supports more than one effort.
    pub(super) fn has_effort(&self) -> bool {
        self.compression == Compression::Zstd
    }

    fn codec(&self, effort: Effort) -> Result<Codec> {
        Ok(match (self.compression, effort) {
            (Compression::Snappy, _) => Codec::SNAPPY,
            (Compression::None, _) => Codec::UNCOMPRESSED,
            // The api does not allow gzip for Parquet.
            (Compression::Zstd | Compression::Gzip, Effort::Fast) => Codec::ZSTD(ZstdLevel::try_new(1)?),
            (Compression::Zstd | Compression::Gzip, Effort::Thorough) => Codec::ZSTD(ZstdLevel::try_new(3)?),
        })
    }
}

fn encoding(layout: Layout) -> Encoding {
    match layout {
        // Encoding used once the dictionary is full.
        Layout::Dictionary | Layout::Plain => Encoding::PLAIN,
        Layout::Delta => Encoding::DELTA_BINARY_PACKED,
        Layout::DeltaLength => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Layout::Split => Encoding::BYTE_STREAM_SPLIT,
    }
}
