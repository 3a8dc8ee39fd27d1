//! Owners' view of their exports. Every statement names the tenant, so an id of another tenant is not found.

use export::cut::CutPoint;
use export::failure::Failure;
use export::file::FileRecord;
use export::id::{ChunkId, ExportId, TenantId};
use export::manifest::DatasetHead;
use export::object_key::file_key;
use export::range::Range;
use export::state::{AttemptOutcome, ChunkState, ExportStatus};
use export::usage::Usage;
use serde_json::Value;
use sqlx::Row;

use super::back_off::BackOff;
use super::connection::{Store, sql};
use super::deliveries::ExportDelivery;
use super::error::StoreError;
use super::ranges::{chunk_id, count, json};

mod page;
mod rows;

pub use page::ChunkPage;
use rows::read_export;

/// An export and its progress. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportState {
    /// Id of the export.
    pub id: ExportId,
    /// Its status.
    pub status: ExportStatus,
    /// The request in its canonical form.
    pub request: Value,
    /// Revision of the catalog.
    pub revision_id: String,
    /// Heads of the datasets as fixed at acceptance.
    pub heads: Vec<DatasetHead>,
    /// Time of acceptance.
    pub accepted_micros: i64,
    /// Time at which its first chunk started.
    pub started_micros: Option<i64>,
    /// Time of its end.
    pub ended_micros: Option<i64>,
    /// Time at which its files are deleted.
    pub expires_micros: Option<i64>,
    /// Time at which it ends, whatever its state.
    pub deadline_micros: i64,
    /// Object key of the manifest, once succeeded.
    pub manifest_key: Option<String>,
    /// Its progress.
    pub progress: ProgressCounts,
    /// Failed and missing chunks: the first hundred.
    pub errors: Vec<ChunkError>,
    /// True if the operator has paused all exports.
    pub paused: bool,
    /// Reason why nothing starts although it is not paused, such as a source that is too busy.
    pub back_off: Option<BackOff>,
    /// Position among the tenant's exports that wait for their turn, from 1; 0 when it has its turn and waits for its
    /// first chunk to start. Only while queued.
    pub queue_position: Option<u64>,
    /// State with regard to the snapshot that all its files show; `None` if each file shows its own.
    pub cut: Option<ExportCut>,
    /// Copy of its files to its destination; `None` if the request names none.
    pub delivery: Option<ExportDelivery>,
}

/// State of an export whose files show one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportCut {
    /// The instant, once it is taken.
    pub point: Option<CutPoint>,
    /// True while the export waits for it.
    pub waits: bool,
    /// Number of times that it was lost, after which the export restarted.
    pub losses: u64,
}

/// Exports that a list contains. A filter that is `None` admits all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Status of the export.
    pub status: Option<ExportStatus>,
    /// Name of a dataset of the export, in upper or lower case.
    pub dataset: Option<String>,
    /// Label of the export.
    pub label: Option<String>,
    /// Part of the label of the export, in upper or lower case.
    pub label_contains: Option<String>,
    /// Labels that the export has, among others.
    pub labels: Option<Value>,
    /// First time of acceptance, microseconds since 1970.
    pub from_micros: Option<i64>,
    /// Time before which the export was accepted, microseconds since 1970.
    pub until_micros: Option<i64>,
    /// Datasets that the caller may see: exports with another one are left out.
    pub within: Option<Vec<String>>,
}

impl ListFilter {
    /// Makes a filter that admits the exports of this status.
    pub fn of_status(status: ExportStatus) -> Self {
        Self { status: Some(status), ..Self::default() }
    }
}

/// Some exports of a tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExportPage {
    /// The exports, newest first.
    pub exports: Vec<ExportState>,
    /// True if there are more after the last of them.
    pub more: bool,
}

/// Counts over the chunks of an export. All except the `running` ones only grow; a split increases the total.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProgressCounts {
    /// Number of all chunks.
    pub chunks_total: u64,
    /// Number of chunks that are done.
    pub chunks_done: u64,
    /// Number of chunks that failed or are missing.
    pub chunks_failed: u64,
    /// Number of chunks read for an earlier export.
    pub chunks_reused: u64,
    /// Number of chunks whose earlier file was found unchanged.
    #[serde(default)]
    pub chunks_unchanged: u64,
    /// Number of chunks being read.
    pub chunks_running: u64,
    /// Rows of chunks that are done.
    pub rows: u64,
    /// Bytes of files that are done.
    pub bytes: u64,
    /// The oldest snapshot among chunks that are done, microseconds since 1970.
    #[serde(default)]
    pub oldest_micros: Option<i64>,
    /// Planned bytes of all chunks.
    pub weight_total: u64,
    /// Planned bytes of chunks that have ended.
    pub weight_done: u64,
    /// Planned rows of chunks that are being read.
    pub running_rows: u64,
    /// Planned bytes of chunks that are being read.
    pub running_bytes: u64,
    /// Datasets of which a chunk is being read.
    pub current: Vec<String>,
}

/// A chunk the export will not contain.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkError {
    /// Its dataset.
    pub dataset: String,
    /// Its range.
    pub range: Range,
    /// Number of attempts made.
    pub attempts: u32,
    /// Failure of the last one.
    pub failure: Failure,
}

/// A chunk of an export, with its attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkDetail {
    /// Ordinal of its link; the cursor of the next page.
    pub ordinal: i64,
    /// Id of the chunk.
    pub id: ChunkId,
    /// Its dataset.
    pub dataset: String,
    /// Its file's name in this export.
    pub name: String,
    /// Its range.
    pub range: Range,
    /// Its state.
    pub state: ChunkState,
    /// The number of its current attempt; 0 before the first.
    pub attempt: u32,
    /// Estimated rows, if they may be shown.
    pub planned_rows: Option<u64>,
    /// Estimated bytes of binary COPY, if they may be shown.
    pub planned_bytes: Option<u64>,
    /// True if it was read for an earlier export.
    pub reused: bool,
    /// True if its file was read for an earlier export and found unchanged for this one.
    pub unchanged: bool,
    /// Time at which it was read, or found unchanged.
    pub as_of_micros: Option<i64>,
    /// Its file, once done.
    pub file: Option<FileRecord>,
    /// All attempts, in order.
    pub attempts: Vec<AttemptDetail>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptDetail {
    /// Its number.
    pub number: u32,
    /// Time of its start.
    pub started_micros: i64,
    /// Time of its end.
    pub ended_micros: Option<i64>,
    /// Its outcome; `None` while it runs.
    pub outcome: Option<AttemptOutcome>,
    /// Its failure.
    pub failure: Option<Failure>,
    /// Breakdown of its time.
    pub usage: Option<Usage>,
}

/// Object that holds a file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileObject {
    /// The object's key.
    pub key: String,
    /// Name for the download.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: Option<String>,
    /// The status of the export.
    pub status: ExportStatus,
    /// Time at which the export's files are deleted, microseconds since 1970; known once it has ended.
    pub expires_micros: Option<i64>,
}

/// Maximum number of chunks of live exports that are counted for one page of a list; each takes some microseconds.
const MAX_PAGE_LINKS: i64 = 20_000;

impl Store {
    /// Returns one export of the tenant. An export past its deadline is ended first.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn export(
        &self,
        tenant: &TenantId,
        export: ExportId,
    ) -> Result<Option<ExportState>, StoreError> {
        loop {
            let mut tx = self.begin().await?;
            let find =
                sql(concat!(include_str!("../sql/view/export.sql"), " where e.tenant = $1 and e.id = $2"));
            let Some(row) = tx.optional(find.bind(tenant.as_str()).bind(export.uuid())).await? else {
                tx.rollback().await?;
                return Ok(None);
            };
            let found = read_export(&mut tx, &row, true).await?;
            tx.commit().await?;
            if !self.end_overdue(&[row]).await? {
                return Ok(Some(found));
            }
        }
    }

    /// Returns exports of the tenant, newest first, after `before` = (accepted, id) of the last one of the previous
    /// page. Returns at most `limit` exports, with at most `max_bytes` together and `MAX_PAGE_LINKS` chunks to count,
    /// but at least one. Errors are left out.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn exports(
        &self,
        tenant: &TenantId,
        filter: &ListFilter,
        before: Option<(i64, ExportId)>,
        limit: i64,
        max_bytes: i64,
    ) -> Result<ExportPage, StoreError> {
        loop {
            let mut tx = self.begin().await?;
            let find = sql(concat!(
                include_str!("../sql/view/list.sql"),
                include_str!("../sql/view/export.sql"),
                include_str!("../sql/view/list_end.sql")
            ))
            .bind(tenant.as_str())
            .bind(filter.status.map(ExportStatus::as_str))
            .bind(before.map(|b| b.0))
            .bind(before.map(|b| b.1.uuid()))
            .bind(limit)
            .bind(max_bytes)
            .bind(filter.within.as_deref())
            .bind(MAX_PAGE_LINKS)
            .bind(filter.dataset.as_deref())
            .bind(filter.label.as_deref())
            .bind(filter.labels.as_ref())
            .bind(filter.from_micros)
            .bind(filter.until_micros)
            .bind(filter.label_contains.as_deref());
            let rows = tx.all(find).await?;
            let mut exports = Vec::with_capacity(rows.len());
            for row in &rows {
                exports.push(read_export(&mut tx, row, false).await?);
            }
            tx.commit().await?;
            if !self.end_overdue(&rows).await? {
                let found = rows.first().map_or(Ok(0), |row| count(row, "found"))?;
                return Ok(ExportPage { more: found > rows.len() as u64, exports });
            }
        }
    }

    /// Returns the object of a file name in an export of the tenant; `None` if there is none (yet).
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn file(
        &self,
        tenant: &TenantId,
        export: ExportId,
        name: &str,
    ) -> Result<Option<FileObject>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(include_str!("../sql/view/file.sql"));
        let row = tx.optional(find.bind(export.uuid()).bind(tenant.as_str()).bind(name)).await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        let selection: export::selection::Selection = json(&row, "selection")?;
        let attempt = u32::try_from(row.try_get::<i32, _>("attempt")?)
            .map_err(|e| StoreError::unreadable("attempt", e))?;
        let key = file_key(tenant, chunk_id(&row, "id")?, attempt, selection.output.extension());
        Ok(Some(FileObject {
            key,
            name: name.to_owned(),
            bytes: count(&row, "bytes")?,
            sha256: row.try_get("sha256")?,
            status: row
                .try_get::<String, _>("status")?
                .parse()
                .map_err(|e| StoreError::unreadable("status", e))?,
            expires_micros: row.try_get("expires")?,
        }))
    }

    /// Extends the retention of an ended export's files, counted from now. Returns false if the tenant has no such
    /// export with files.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn extend(&self, tenant: &TenantId, export: ExportId) -> Result<bool, StoreError> {
        self.end_if_overdue(export).await?;
        let mut tx = self.begin().await?;
        let extend = sql(include_str!("../sql/view/extend.sql"));
        let extended = tx.run(extend.bind(export.uuid()).bind(tenant.as_str())).await? == 1;
        tx.commit().await?;
        Ok(extended)
    }
}
