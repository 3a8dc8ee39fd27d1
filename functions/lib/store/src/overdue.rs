//! Lazy deadline enforcement: reading an overdue export fails it first, so deadlines do not depend on the sweeper.

use export::id::ExportId;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::export_id;

impl Store {
    /// Ends the export if it is past its deadline; the operation that follows then finds it failed.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub(super) async fn end_if_overdue(&self, export: ExportId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let find = sql("select from sluice.export e where e.id = $1 and sluice.overdue(e)");
        let overdue = tx.optional(find.bind(export.uuid())).await?.is_some();
        tx.rollback().await?;
        if overdue {
            self.end_at_deadline(export).await?;
        }
        Ok(())
    }

    /// Ends those of the exports that are past their deadlines. Returns false if there is none.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub(super) async fn end_overdue(&self, found: &[PgRow]) -> Result<bool, StoreError> {
        let mut ended = false;
        for row in found {
            if row.try_get("overdue")? {
                self.end_at_deadline(export_id(row, "id")?).await?;
                ended = true;
            }
        }
        Ok(ended)
    }
}
