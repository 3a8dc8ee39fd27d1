//! New beginning of exports whose cut is of no use to them any more: what was read under it is replaced.

use export::cut::MAX_LOSSES;
use export::failure::{Failure, FailureCode};
use export::id::ExportId;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::cancel::drop_unwanted;
use crate::connection::{Store, sql};
use crate::error::StoreError;
use crate::ranges::{export_id, ids};

/// An export that must restart.
struct Stranded {
    export: ExportId,
    losses: u32,
    reason: Option<String>,
}

impl Store {
    /// Lets all active exports restart that lost their cut; those that lost too many fail.
    pub(super) async fn restart_stale(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let rows = tx.all(sql(include_str!("../../sql/cut/stale.sql"))).await?;
        tx.commit().await?;
        let read = |row: &PgRow| {
            let losses = u32::try_from(row.try_get::<i32, _>("cut_losses")?);
            Ok(Stranded {
                export: export_id(row, "id")?,
                losses: losses.map_err(|e| StoreError::unreadable("cut_losses", e))?,
                reason: row.try_get("reason")?,
            })
        };
        for one in rows.iter().map(read).collect::<Result<Vec<_>, StoreError>>()? {
            if one.losses >= MAX_LOSSES {
                self.fail_for_cut(one.export, &lost(one.losses, one.reason.as_deref())).await?;
            } else {
                self.again(|| self.replace_once(one.export)).await?;
            }
        }
        Ok(())
    }

    /// Replaces what an export has read. The files go with the chunks, except those that are settled and may be reused.
    ///
    /// Lock order: chunk rows by id, export row.
    async fn replace_once(&self, export: ExportId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.all(sql(include_str!("../../sql/cancel/lock.sql")).bind(export.uuid())).await?;
        let stranded = sql(include_str!("../../sql/cut/stranded.sql"));
        if tx.optional(stranded.bind(export.uuid())).await?.is_none() {
            return tx.rollback().await;
        }
        let replace = sql(include_str!("../../sql/cut/replace.sql"));
        let old = ids(&tx.all(replace.bind(export.uuid())).await?)?;
        drop_unwanted(&mut tx, &old).await?;
        tx.commit().await?;
        tracing::info!(%export, chunks = old.len(), "the export restarts in another cut");
        Ok(())
    }
}

/// Returns the failure of an export that lost its cut so often.
fn lost(losses: u32, reason: Option<&str>) -> Failure {
    let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let what = format!("the snapshot that all files show was lost {losses} times{why}");
    Failure::with_remedy(FailureCode::CutLost, &what)
}
