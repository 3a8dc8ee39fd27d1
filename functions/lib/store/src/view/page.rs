//! One page of an export's chunks, with the status that decides if it can still change.

use export::id::{ChunkId, ExportId, TenantId};
use export::state::ExportStatus;
use sqlx::Row;

use super::ChunkDetail;
use super::rows::read_chunk;
use crate::StoreError;
use crate::connection::{Store, Tx, sql};

/// Chunks of an export, all as they were under one status of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkPage {
    /// The chunks, in order.
    pub chunks: Vec<ChunkDetail>,
    /// The status of the export.
    pub status: ExportStatus,
    /// Time at which its files are deleted, microseconds since 1970; known once it has ended.
    pub expires_micros: Option<i64>,
}

impl Store {
    /// Returns chunks of an export after the one with ordinal and id `after`, in order; `None` if the tenant has no
    /// such export.
    ///
    /// If the status is an ended one, the chunks are those the export ended with: links deleted during the read are
    /// detected.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn chunk_page(
        &self,
        tenant: &TenantId,
        export: ExportId,
        after: Option<(i64, ChunkId)>,
        limit: i64,
    ) -> Result<Option<ChunkPage>, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let Some((status, expires_micros, overdue)) = status(&mut tx, tenant, export).await? else {
                tx.rollback().await?;
                return Ok(None);
            };
            if overdue {
                tx.rollback().await?;
                self.end_at_deadline(export).await?;
                return Err(StoreError::Conflict("the export ended at its deadline just now".into()));
            }
            let find = sql(include_str!("../../sql/view/chunks.sql"))
                .bind(export.uuid())
                .bind(after.map(|(ordinal, _)| ordinal))
                .bind(after.map(|(_, id)| id.uuid()))
                .bind(limit);
            let rows = tx.all(find).await?;
            // Each statement has its own snapshot: an export that is deleted or expires in between would seem to have
            // no files although it had all.
            let changed = !status.is_live()
                && self::status(&mut tx, tenant, export).await? != Some((status, expires_micros, false));
            tx.commit().await?;
            if changed {
                return Err(StoreError::Conflict("the export changed while it was read".into()));
            }
            let chunks = rows.iter().map(read_chunk).collect::<Result<_, _>>()?;
            Ok(Some(ChunkPage { chunks, status, expires_micros }))
        })
        .await
    }
}

/// Reads the status, the time at which its files are deleted, and true if it is past its deadline.
async fn status(
    tx: &mut Tx,
    tenant: &TenantId,
    export: ExportId,
) -> Result<Option<(ExportStatus, Option<i64>, bool)>, StoreError> {
    let find = sql(include_str!("../../sql/view/status.sql"));
    let row = tx.optional(find.bind(export.uuid()).bind(tenant.as_str())).await?;
    row.map(|row| {
        let status = row.try_get::<String, _>("status")?;
        let status = status.parse().map_err(|e| StoreError::unreadable("status", e))?;
        Ok((status, row.try_get("expires")?, row.try_get("overdue")?))
    })
    .transpose()
}
