//! Early end of an export, canceled by its owner or past its deadline, and release of the chunks of one that has
//! ended.

use export::failure::Failure;
use export::id::{ExportId, TenantId};
use export::object_key::export_prefix;
use sqlx::Row;
use sqlx::types::Json;
use uuid::Uuid;

use super::connection::{Store, Tx, sql};
use super::error::StoreError;
use super::ranges::ids;
use ports::fault::Point;

/// Maximum number of tries to lock a set of chunks that keeps changing because of splits.
const LOCK_TRIES: u32 = 10;

/// Outcome of a DELETE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The export was live and is canceled now.
    Canceled,
    /// The export had ended; its row and its files are deleted or being deleted.
    Deleted,
    /// It was not in the expected state, and is unchanged.
    Unchanged,
    /// The tenant has no such export.
    NotFound,
}

/// State in which a DELETE expects the export: without one, a client that cancels an export which has just ended would
/// delete its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Any: a live export is canceled, an ended one deleted.
    Any,
    /// Live: it is canceled.
    Live,
    /// Ended: it is deleted.
    Ended,
}

/// Reason for which a live export is ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why<'a> {
    Canceled,
    Deadline,
    /// Its cut failed, for this reason.
    Cut(&'a Failure),
}

/// Action on an ended export once its chunks are released.
#[derive(Clone, Copy)]
enum Last {
    Delete,
    /// Removal of a canceled export that never had a file, as its owner would do it.
    Remove,
    Expire,
}

impl Last {
    /// Returns the statement that finds and locks the export if the action is allowed.
    fn condition(self) -> &'static str {
        match self {
            Self::Delete => include_str!("../sql/cancel/deletable.sql"),
            Self::Remove => include_str!("../sql/cancel/removable.sql"),
            Self::Expire => include_str!("../sql/cancel/expirable.sql"),
        }
    }

    fn statement(self) -> &'static str {
        match self {
            Self::Delete | Self::Remove => "delete from sluice.export where id = $1",
            Self::Expire => "update sluice.export set status = 'expired', manifest_key = null where id = $1",
        }
    }
}

impl Store {
    /// Cancels a live export, deletes an ended one.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn cancel_or_delete(&self, tenant: &TenantId, export: ExportId) -> Result<Ended, StoreError> {
        self.cancel_or_delete_if(tenant, export, Expected::Any).await
    }

    /// Cancels a live export or deletes an ended one, if it is in the expected state. The state is decided under the
    /// locks of the export: an export that ends meanwhile is not deleted.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn cancel_or_delete_if(
        &self,
        tenant: &TenantId,
        export: ExportId,
        expected: Expected,
    ) -> Result<Ended, StoreError> {
        let find = sql(include_str!("../sql/cancel/state.sql"));
        let mut tx = self.begin().await?;
        let row = tx.optional(find.bind(export.uuid()).bind(tenant.as_str())).await?;
        tx.rollback().await?;
        let Some(row) = row else { return Ok(Ended::NotFound) };
        // An export past its deadline has ended even if no request or sweep has read it since, unless its last chunk
        // was recorded meanwhile or its deadline was moved.
        let ended = row.try_get("overdue")? && self.end(export, Why::Deadline).await?;
        let cancels = expected != Expected::Ended && row.try_get("live")? && !ended;
        if cancels && self.end(export, Why::Canceled).await? {
            return Ok(Ended::Canceled);
        }
        if expected == Expected::Live {
            return Ok(Ended::Unchanged);
        }
        // The export had ended before, or has just ended by itself; or it is live and expected to have ended.
        let deleted = self.release_export(export, Last::Delete).await?;
        Ok(match expected {
            _ if deleted => Ended::Deleted,
            Expected::Ended => Ended::Unchanged,
            _ => Ended::NotFound,
        })
    }

    /// Fails an export past its deadline; chunks that are not done are dropped and listed as missing. Returns false
    /// if the export had ended by itself, if its deadline was moved meanwhile, or if nothing is left to read, in
    /// which case it must be finished.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn end_at_deadline(&self, export: ExportId) -> Result<bool, StoreError> {
        self.end(export, Why::Deadline).await
    }

    /// Expires an ended export after its retention: its links are deleted and its row stays for a while, so that its
    /// owner can read why the files are gone. Returns false if it is expired already, or was extended or retried
    /// meanwhile.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn expire(&self, export: ExportId) -> Result<bool, StoreError> {
        self.release_export(export, Last::Expire).await
    }

    /// Removes a canceled export as its owner would. Returns false if it is no longer canceled.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn remove_canceled(&self, export: ExportId) -> Result<bool, StoreError> {
        self.release_export(export, Last::Remove).await
    }

    /// Fails an export whose cut failed; chunks that are not done are dropped and listed as missing. Returns false if it
    /// has ended, or has nothing left to read.
    pub(super) async fn fail_for_cut(&self, export: ExportId, failure: &Failure) -> Result<bool, StoreError> {
        self.end(export, Why::Cut(failure)).await
    }

    async fn end(&self, export: ExportId, why: Why<'_>) -> Result<bool, StoreError> {
        let ended = self.end_now(export, why).await?;
        if ended && why != Why::Canceled {
            let code = if let Why::Cut(failure) = why { failure.code.as_str() } else { "deadline" };
            tracing::warn!(%export, code, "export failed before everything was read");
            ports::metrics::export_failed(export);
        }
        Ok(ended)
    }

    async fn end_now(&self, export: ExportId, why: Why<'_>) -> Result<bool, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let Some(chunks) = lock_open_chunks(&mut tx, export, why).await? else {
                tx.rollback().await?;
                return Ok(false);
            };
            let keep = sql("update sluice.export set progress = sluice.last_progress(id) where id = $1");
            tx.run(keep.bind(export.uuid())).await?;
            match why {
                Why::Canceled => {}
                Why::Deadline => {
                    let missing = sql(include_str!("../sql/cancel/missing.sql"));
                    tx.run(missing.bind(export.uuid()).bind(&chunks)).await?;
                }
                Why::Cut(failure) => {
                    let missing = sql(include_str!("../sql/cancel/missing_of_cut.sql"));
                    tx.run(missing.bind(export.uuid()).bind(&chunks).bind(Json(failure))).await?;
                }
            }
            drop_links(&mut tx, export, &chunks).await?;
            let status = match why {
                Why::Canceled => "canceled",
                Why::Deadline | Why::Cut(_) => "failed",
            };
            let end = sql(include_str!("../sql/cancel/end.sql")).bind(export.uuid()).bind(status);
            tx.run(end).await?;
            self.crash(Point::Canceling);
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Drops all links of an ended export and applies `last` to it. Returns false if that is not allowed, or no
    /// longer.
    async fn release_export(&self, export: ExportId, last: Last) -> Result<bool, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let lock = sql(include_str!("../sql/cancel/lock.sql"));
            let rows = tx.all(lock.bind(export.uuid())).await?;
            let chunks = ids(&rows)?;
            // The decision is made under the locks, before any link is deleted.
            let find = sql(last.condition());
            let Some(row) = tx.optional(find.bind(export.uuid())).await? else {
                tx.rollback().await?;
                return Ok(false);
            };
            let tenant: TenantId = row
                .try_get::<String, _>("tenant")?
                .parse()
                .map_err(|e| StoreError::unreadable("tenant", e))?;
            let keep = sql(include_str!("../sql/cancel/progress.sql"));
            tx.run(keep.bind(export.uuid())).await?;
            tx.run(sql("delete from sluice.link where export_id = $1").bind(export.uuid())).await?;
            tx.run(sql(include_str!("../sql/cancel/release.sql")).bind(&chunks)).await?;
            let orphans = sql(include_str!("../sql/cancel/orphans.sql"));
            tx.run(orphans.bind(export.uuid()).bind(export_prefix(&tenant, export))).await?;
            tx.run(sql(last.statement()).bind(export.uuid())).await?;
            self.crash(Point::Releasing);
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}

/// Locks the chunks of all open links in id order, then the export. Returns `None` if the export is no longer live;
/// for a deadline also if the deadline is not over, or if no link is open because its last chunk was recorded in
/// time.
///
/// A split that commits meanwhile leaves open links to children that are not locked. Then all locks are released and
/// taken again, since only the order of locks prevents deadlocks.
async fn lock_open_chunks(
    tx: &mut Tx,
    export: ExportId,
    why: Why<'_>,
) -> Result<Option<Vec<Uuid>>, StoreError> {
    for _ in 0..LOCK_TRIES {
        let lock = sql(include_str!("../sql/cancel/lock_open.sql"));
        let rows = tx.all(lock.bind(export.uuid())).await?;
        let chunks = ids(&rows)?;
        let find =
            sql(include_str!("../sql/cancel/endable.sql")).bind(export.uuid()).bind(why != Why::Deadline);
        if tx.optional(find).await?.is_none() {
            return Ok(None);
        }
        let stray =
            sql("select from sluice.link where export_id = $1 and open and chunk_id <> all ($2) limit 1");
        if tx.optional(stray.bind(export.uuid()).bind(&chunks)).await?.is_none() {
            let over = why != Why::Canceled && chunks.is_empty();
            return Ok((!over).then_some(chunks));
        }
        tx.restart().await?;
    }
    Err(StoreError::Conflict("the export's chunks kept changing".into()))
}

/// Drops the links to those of `chunks` that are not done, and marks chunks without any link as being deleted. The
/// caller holds their locks.
pub(super) async fn drop_links(tx: &mut Tx, export: ExportId, chunks: &[Uuid]) -> Result<(), StoreError> {
    let unlink = sql(include_str!("../sql/cancel/unlink.sql"));
    tx.run(unlink.bind(export.uuid()).bind(chunks)).await?;
    tx.run(sql(include_str!("../sql/cancel/unwanted.sql")).bind(chunks)).await.map(|_| ())
}

/// Marks those of `chunks` that have no link left as being deleted, unless they may be reused. The caller holds their
/// locks.
pub(super) async fn drop_unwanted(tx: &mut Tx, chunks: &[Uuid]) -> Result<(), StoreError> {
    tx.run(sql(include_str!("../sql/cancel/unwanted.sql")).bind(chunks)).await?;
    tx.run(sql(include_str!("../sql/cancel/release.sql")).bind(chunks)).await.map(|_| ())
}
