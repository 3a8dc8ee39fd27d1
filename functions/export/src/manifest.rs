//! The manifest: the JSON list of a succeeded export's files. It is complete or absent.
//!
//! Proof of completeness: per dataset the chunks' ranges tile the dataset's range, and each chunk says
//! when it was read, how many rows it has, and which object of which SHA-256 holds them. It holds no
//! links: those are made per file, on demand.

mod watermark;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chunk::file_key;
use crate::column::Column;
use crate::estimate::Size;
use crate::file::{FileRecord, file_name};
use crate::format::{Format, Output};
use crate::id::{ChunkId, ExportId, TenantId};
use crate::parquet_type::ParquetType;
use crate::plan::Want;
use crate::range::{Range, Settle, Span, format_micros};

/// Version of this format.
pub const MANIFEST_VERSION: u32 = 1;

/// A manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Version of the format.
    pub version: u32,
    /// The export.
    pub export: ExportId,
    /// Its owner.
    pub tenant: TenantId,
    /// The catalog's revision.
    pub revision: String,
    /// When the request was accepted, RFC 3339.
    pub accepted_at: String,
    /// The request as it was understood.
    pub request: Value,
    /// Rows of all datasets.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// What was expected of all chunks, and what they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Foresight>,
    /// The datasets, in the order of the request.
    pub datasets: Vec<ManifestDataset>,
}

/// One dataset of a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestDataset {
    /// Name, columns, range, settling.
    #[serde(flatten)]
    pub head: DatasetHead,
    /// Rows of all its chunks.
    pub rows: u64,
    /// Bytes of all its files.
    pub bytes: u64,
    /// What was expected of its chunks, and what they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Foresight>,
    /// Its chunks, in the order of their ranges.
    pub chunks: Vec<ManifestChunk>,
}

/// Rows and bytes of binary COPY, before and after. It is for those who tune estimates; files are verified
/// without it. A reused chunk counts as it was planned and read then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Foresight {
    /// What was planned by PostgreSQL's estimates; absent where those are of all tenants' rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated: Option<Size>,
    /// What was read.
    pub actual: Size,
}

/// What is known of a dataset when the export is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetHead {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of the files.
    pub columns: Vec<ColumnHead>,
    /// The whole range; absent without a range column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<RangeText>,
    /// By what rows count as settled; absent where the catalog has no `settle_after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<Settle>,
    /// The safe start of the next export: rows before it no longer change, and none appears there. It follows from when and
    /// from where the chunks were read, so only a manifest has it; absent without `settle_after`, and where the source could
    /// not report up to when it shows commits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<String>,
    /// How its files are written.
    pub output: Output,
}

/// A column's name and type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnHead {
    /// Its name.
    pub name: String,
    /// PostgreSQL's name of its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its type in Parquet files, where the name of its type does not give it: of a domain, for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parquet: Option<ParquetType>,
}

impl ColumnHead {
    /// The head of a column in files of this format.
    pub fn new(column: &Column, format: Format) -> Self {
        let parquet = (format == Format::Parquet).then(|| ParquetType::of(column));
        Self {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            parquet: parquet.filter(|parquet| *parquet != ParquetType::of_type_name(&column.type_name)),
        }
    }

    /// Its type in Parquet files.
    pub fn parquet_type(&self) -> ParquetType {
        self.parquet.unwrap_or_else(|| ParquetType::of_type_name(&self.type_name))
    }
}

/// A range in JSON: a half-open span, or `{"of":"all"}`, `{"of":"null"}`. A span without `start` holds everything before its
/// `end`, one without `end` everything from its `start` on, infinite values included; one without both holds every value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RangeText {
    /// `span`, `all` or `null`.
    pub of: String,
    /// First value inside; absent where the span has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// First value after it; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

/// One chunk of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestChunk {
    /// The chunk.
    pub id: ChunkId,
    /// Its range.
    pub range: RangeText,
    /// The time of its snapshot, RFC 3339: the file is what its query returned then.
    pub as_of: String,
    /// Whether it was read for an earlier export.
    pub reused: bool,
    /// Rows.
    pub rows: u64,
    /// Its file; absent when it has no rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<ManifestFile>,
}

/// One file of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestFile {
    /// Its name in this export.
    pub name: String,
    /// The object's key in the bucket.
    pub key: String,
    /// Bytes of the object.
    pub bytes: u64,
    /// SHA-256 of the object, in hexadecimal.
    pub sha256: String,
}

/// A chunk that is done, as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneChunk {
    /// The chunk.
    pub id: ChunkId,
    /// Its dataset.
    pub dataset: String,
    /// Its range.
    pub range: Range,
    /// When it was read, microseconds since 1970.
    pub as_of_micros: i64,
    /// All that began before this time was shown to it, microseconds since 1970; `None` where the source could not report it.
    pub horizon_micros: Option<i64>,
    /// Whether it was read for an earlier export.
    pub reused: bool,
    /// What was planned.
    pub planned: Option<Size>,
    /// What was written.
    pub file: FileRecord,
}

impl DatasetHead {
    /// What is known of `want` before anything is read.
    pub fn new(want: &Want) -> Self {
        let column = |c| ColumnHead::new(c, want.selection.output.format);
        Self {
            name: want.selection.dataset.clone(),
            columns: want.selection.columns.iter().map(column).collect(),
            range: want.span.map(|s| s.range_text()),
            settle: want.selection.settle(),
            watermark: None,
            output: want.selection.output.clone(),
        }
    }
}

impl Range {
    /// The range as JSON shows it.
    pub fn text(&self) -> RangeText {
        let bare = |of: &str| RangeText { of: of.to_owned(), start: None, end: None };
        match self {
            Self::All => bare("all"),
            Self::Null => bare("null"),
            Self::Span(span) => span.range_text(),
        }
    }
}

impl Span {
    /// The span as JSON shows it.
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

/// Microseconds since 1970 as RFC 3339 in UTC.
pub fn rfc3339(micros: i64) -> String {
    format!("{}Z", format_micros(micros, 'T'))
}

/// A set of done chunks that does not tile what the export promised. It cannot happen unless the store
/// was changed by hand; a manifest is then refused rather than wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chunks of {dataset} do not tile its range: {found}")]
pub struct NotTiled {
    /// The dataset.
    pub dataset: String,
    /// What is there.
    pub found: String,
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
        chunks.sort_by_key(|c| (c.range.span().is_none(), c.range.span().map(|s| s.start)));
        check_tiling(&head, &chunks)?;
        let source = Some(Foresight::of(&chunks));
        let watermark = head.settle.as_ref().and_then(|settle| watermark::watermark(settle, &chunks));
        let head = DatasetHead { watermark, ..head };
        let extension = head.output.extension();
        let chunks: Vec<_> =
            chunks.iter().map(|c| manifest_chunk(&head.name, tenant, extension, c)).collect();
        let rows = chunks.iter().map(|c| c.rows).sum();
        let bytes = chunks.iter().filter_map(|c| c.file.as_ref()).map(|f| f.bytes).sum();
        Ok(Self { head, rows, bytes, source, chunks })
    }
}

fn manifest_chunk(dataset: &str, tenant: &TenantId, extension: &str, chunk: &DoneChunk) -> ManifestChunk {
    let file = chunk.file.sha256.as_ref().map(|sha256| ManifestFile {
        name: file_name(dataset, &chunk.range, extension),
        key: file_key(tenant, chunk.id, chunk.file.attempt, extension),
        bytes: chunk.file.bytes,
        sha256: sha256.clone(),
    });
    ManifestChunk {
        id: chunk.id,
        range: chunk.range.text(),
        as_of: rfc3339(chunk.as_of_micros),
        reused: chunk.reused,
        rows: chunk.file.rows,
        file,
    }
}

fn check_tiling(head: &DatasetHead, chunks: &[DoneChunk]) -> Result<(), NotTiled> {
    let not = |found: String| Err(NotTiled { dataset: head.name.clone(), found });
    let spans: Vec<_> = chunks.iter().filter_map(|c| c.range.span()).collect();
    let others: Vec<_> = chunks.iter().map(|c| c.range).filter(|r| r.span().is_none()).collect();
    match &head.range {
        None if others == [Range::All] && spans.is_empty() => Ok(()),
        None => not(format!("{} chunks of a dataset without a range", chunks.len())),
        Some(range) => {
            let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
                return not("nothing".to_owned());
            };
            let ends = (first.range_text().start, last.range_text().end);
            if ends != (range.start.clone(), range.end.clone()) {
                return not(format!("{:?} to {:?}", ends.0, ends.1));
            }
            if let Some(pair) = spans.windows(2).find(|pair| pair[0].end != pair[1].start) {
                return not(format!(
                    "{} is followed by {}",
                    pair[0].text(pair[0].end),
                    pair[1].text(pair[1].start)
                ));
            }
            if others.is_empty() || others == [Range::Null] { Ok(()) } else { not(format!("{others:?}")) }
        }
    }
}

#[cfg(test)]
mod tests;
