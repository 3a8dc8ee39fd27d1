//! The manifest: the JSON list of a succeeded export's files. It is complete or absent.
//!
//! It proves completeness: per dataset the chunks' ranges tile the dataset's range, and each chunk has the time of
//! its read, its number of rows, and the object and SHA-256 that hold them. It holds no links: those are made per
//! file, on demand.

mod consistency;
mod delivered;
mod tiling;
mod watermark;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::SliceKey;
use crate::column::Column;
use crate::estimate::Size;
use crate::file::{FileRecord, Naming};
use crate::format::{Format, Output};
use crate::id::{ChunkId, ExportId, TenantId};
use crate::layout::Hive;
use crate::object_key::file_key;
use crate::parquet_type::ParquetType;
use crate::plan::Target;
use crate::proof::Verified;
use crate::range::{Range, Settle, Span, format_micros};

pub use consistency::ConsistencyLevel;
pub use delivered::Delivered;
pub use tiling::NotTiled;

/// Version of the manifest format.
pub const MANIFEST_VERSION: u32 = 1;

/// Manifest of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Version of the format. It is raised only if an older reader would misread the manifest; fields may be added at any
    /// time.
    #[cfg_attr(test, schemars(extend("const" = MANIFEST_VERSION)))]
    pub version: u32,
    /// Id of the export.
    pub export: ExportId,
    /// Owner of the export.
    pub tenant: TenantId,
    /// Revision of the catalog.
    pub revision: String,
    /// Time at which the request was accepted, RFC 3339.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub accepted_at: String,
    /// Request in its canonical form.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, Value>", title = "CanonicalRequest"))]
    pub request: Value,
    /// Rows of all datasets.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Present if all files show the same instant; absent if each shows the instant of its chunk's `asOf`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistency: Option<ConsistencyLevel>,
    /// Expected and actual size of all chunks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Foresight>,
    /// Present in the copy at a destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Delivered>,
    /// Datasets, in the order of the request.
    pub datasets: Vec<ManifestDataset>,
}

/// One dataset of a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ManifestDataset {
    /// Name, columns, range, settling.
    #[serde(flatten)]
    pub head: DatasetHead,
    /// Rows of all chunks.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Expected and actual size of the chunks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Foresight>,
    /// Chunks, in the order of their ranges.
    pub chunks: Vec<ManifestChunk>,
}

/// Rows and bytes of binary COPY, expected and actual. It serves operators who tune estimates; files are verified
/// without it. A reused chunk counts with the values of the time when it was planned and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Foresight {
    /// Size planned by PostgreSQL's estimates; absent if those cover the rows of all tenants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated: Option<Size>,
    /// Size that was read.
    pub actual: Size,
}

/// Properties of a dataset that are known when the export is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DatasetHead {
    /// Name of the dataset.
    pub name: String,
    /// Columns, in the order of the files.
    pub columns: Vec<ColumnHead>,
    /// Whole range; absent without a range column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<RangeText>,
    /// Key at whose values the rows are cut into slices; absent with a range column, and if the dataset is one chunk in any
    /// case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SliceKey>,
    /// Rule by which rows count as settled; absent if the catalog has no `settle_after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<Settle>,
    /// Safe start of the next export: rows before it no longer change, and no new row appears there. It is computed
    /// from the time and the source of each chunk's read, so only a manifest has it; absent without `settle_after`,
    /// and if the source could not report the time up to which it shows commits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<String>,
    /// Present if the dataset is a sample; it then has no watermark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// Layout of the files below a folder of the dataset's name; absent if they are in one folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hive: Option<Hive>,
    /// Form of the files.
    pub output: Output,
}

/// Marks a dataset as a sample: the first rows of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// Maximum number of rows. With fewer rows, the sample is everything that there was.
    pub limit: u64,
}

/// Name and type of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ColumnHead {
    /// Name of the column.
    pub name: String,
    /// PostgreSQL's name of the type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Type in Parquet files, if the name of the type does not determine it: for example of a domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub parquet: Option<ParquetType>,
}

impl ColumnHead {
    /// Makes the head of a column in files of this format.
    pub fn new(column: &Column, format: Format) -> Self {
        let parquet = (format == Format::Parquet).then(|| ParquetType::of(column));
        Self {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            parquet: parquet.filter(|parquet| *parquet != ParquetType::of_type_name(&column.type_name)),
        }
    }

    /// Returns the type in Parquet files.
    pub fn parquet_type(&self) -> ParquetType {
        self.parquet.unwrap_or_else(|| ParquetType::of_type_name(&self.type_name))
    }
}

/// Range in JSON: a half-open span, or `{"of":"all"}`, `{"of":"null"}`. A span without `start` holds everything
/// before its `end`, one without `end` everything from its `start` on, infinite values included; one without both
/// holds every value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RangeText {
    /// Kind of the range: `span`, `slice` (a span of the dataset's `key`), `all` (all rows of a dataset without a range column) or `null` (the rows whose range
    /// column is NULL).
    #[cfg_attr(test, schemars(extend("enum" = ["span", "slice", "all", "null"])))]
    pub of: String,
    /// First value inside; absent if the span has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// First value after the span; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

/// One chunk of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ManifestChunk {
    /// Id of the chunk.
    pub id: ChunkId,
    /// Range of the chunk.
    pub range: RangeText,
    /// Time of the chunk's snapshot, or of the check that found it unchanged, RFC 3339: the file is the result of its
    /// query at that time.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub as_of: String,
    /// Present if the file was read for an earlier export and the source has shown that nothing changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// True if the chunk was read for an earlier export.
    pub reused: bool,
    /// Number of rows.
    pub rows: u64,
    /// File of the chunk; absent when it has no rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<ManifestFile>,
}

/// One file of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ManifestFile {
    /// Name of the file in this export.
    pub name: String,
    /// Key of the object in the bucket.
    pub key: String,
    /// Bytes of the object.
    pub bytes: u64,
    /// SHA-256 of the object, in hexadecimal.
    #[cfg_attr(test, schemars(extend("pattern" = "^[0-9a-f]{64}$")))]
    pub sha256: String,
}

/// Chunk that is done, as recorded in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneChunk {
    /// Id of the chunk.
    pub id: ChunkId,
    /// Dataset of the chunk.
    pub dataset: String,
    /// Range of the chunk.
    pub range: Range,
    /// Time at which the chunk was read, microseconds since 1970.
    pub as_of_micros: i64,
    /// Time before which everything that began was visible to the read, microseconds since 1970; `None` if the source
    /// could not report it.
    pub horizon_micros: Option<i64>,
    /// True if the chunk was read for an earlier export.
    pub reused: bool,
    /// True if the chunk was read for an earlier export and found unchanged for this one.
    pub unchanged: bool,
    /// Planned size.
    pub planned: Option<Size>,
    /// Record of the written file.
    pub file: FileRecord,
}

impl DatasetHead {
    /// Collects the properties of `target` that are known before anything is read.
    pub fn new(target: &Target) -> Self {
        let column = |c| ColumnHead::new(c, target.selection.output.format);
        Self {
            name: target.selection.dataset.clone(),
            columns: target.selection.columns.iter().map(column).collect(),
            range: target.span.map(|s| s.range_text()),
            key: target.selection.key.clone(),
            settle: target.selection.settle(),
            watermark: None,
            sample: target.selection.limit.map(|limit| Sample { limit }),
            hive: target.hive,
            output: target.selection.output.clone(),
        }
    }

    /// Returns the naming of the dataset's files.
    pub fn naming(&self) -> Naming<'_> {
        Naming {
            dataset: &self.name,
            extension: self.output.extension(),
            sample: self.sample.is_some(),
            hive: self.hive,
        }
    }
}

impl Range {
    /// Returns the range in its JSON form.
    pub fn text(&self) -> RangeText {
        let bare = |of: &str| RangeText { of: of.to_owned(), start: None, end: None };
        match self {
            Self::All => bare("all"),
            Self::Null => bare("null"),
            Self::Span(span) => span.range_text(),
            Self::Slice(slice) => RangeText {
                of: "slice".to_owned(),
                start: slice.first().map(|at| slice.text(at)),
                end: slice.after().map(|at| slice.text(at)),
            },
        }
    }
}

impl Span {
    /// Returns the span in its JSON form.
    pub fn range_text(&self) -> RangeText {
        RangeText {
            of: "span".to_owned(),
            start: self.first().map(|at| self.text(at)),
            end: self.after().map(|at| self.text(at)),
        }
    }
}

impl Foresight {
    fn of(chunks: &[DoneChunk]) -> Self {
        let read = |c: &DoneChunk| Size { rows: c.file.rows, bytes: c.file.source_bytes };
        Self { estimated: chunks.iter().map(|c| c.planned).sum(), actual: chunks.iter().map(read).sum() }
    }
}

impl std::iter::Sum for Foresight {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        let none = Self { estimated: Some(Size::default()), ..Self::default() };
        parts.fold(none, |mut sum, part| {
            sum.estimated = sum.estimated.zip(part.estimated).map(|(sum, part)| sum + part);
            sum.actual += part.actual;
            sum
        })
    }
}

/// Formats microseconds since 1970 as RFC 3339 in UTC.
pub fn rfc3339(micros: i64) -> String {
    format!("{}Z", format_micros(micros, 'T'))
}

impl ManifestDataset {
    /// Assembles one dataset from its chunks, and checks that they tile its range.
    ///
    /// # Errors
    /// If there is a gap, an overlap or a stray chunk.
    pub fn assemble(
        head: DatasetHead,
        tenant: &TenantId,
        mut chunks: Vec<DoneChunk>,
    ) -> Result<Self, NotTiled> {
        chunks.sort_by_key(|c| (c.range.span().is_none(), c.range.span().map(|s| s.start), c.range.slice()));
        tiling::check(&head, &chunks)?;
        let source = Some(Foresight::of(&chunks));
        let watermark = head.settle.as_ref().and_then(|settle| watermark::watermark(settle, &chunks));
        let head = DatasetHead { watermark, ..head };
        let naming = head.naming();
        let chunks: Vec<_> = chunks.iter().map(|c| manifest_chunk(naming, tenant, c)).collect();
        let rows = chunks.iter().map(|c| c.rows).sum();
        let bytes = chunks.iter().filter_map(|c| c.file.as_ref()).map(|f| f.bytes).sum();
        Ok(Self { head, rows, bytes, source, chunks })
    }
}

fn manifest_chunk(naming: Naming<'_>, tenant: &TenantId, chunk: &DoneChunk) -> ManifestChunk {
    let file = chunk.file.sha256.as_ref().map(|sha256| ManifestFile {
        name: naming.name(&chunk.range),
        key: file_key(tenant, chunk.id, chunk.file.attempt, naming.extension),
        bytes: chunk.file.bytes,
        sha256: sha256.clone(),
    });
    ManifestChunk {
        id: chunk.id,
        range: chunk.range.text(),
        as_of: rfc3339(chunk.as_of_micros),
        verified: chunk.unchanged.then_some(Verified::Unchanged),
        reused: chunk.reused,
        rows: chunk.file.rows,
        file,
    }
}

#[cfg(test)]
mod tests;
