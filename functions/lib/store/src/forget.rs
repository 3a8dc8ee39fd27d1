//! Erasure of a tenant: its keys, exports and chunks. Objects are deleted by the next sweeps, then the rows of their
//! chunks.

use export::id::TenantId;

use super::cancel::Ended;
use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{count, export_id, ids};

/// Chunks per transaction. Each transaction is short, so that exports of other tenants continue between them.
const BATCH: i64 = 1000;

/// Counts of what a call erased, and of what is left for the sweeper and the next call.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Forgotten {
    /// Keys that were deleted.
    pub keys: u64,
    /// Exports that were deleted; live ones were canceled first.
    pub exports: u64,
    /// Chunks without any export left, whose files are being deleted.
    pub chunks: u64,
    /// Chunks whose rows still exist: until their files are deleted, and a worker timeout after that.
    pub chunks_left: u64,
    /// Prefixes that are swept once more.
    pub prefixes_left: u64,
    /// Exports accepted while this ran.
    pub exports_left: u64,
    /// True if the tenant itself is removed.
    pub gone: bool,
}

impl Store {
    /// Erases all rows of a tenant; returns `None` if there is no such tenant. Calling it again continues the
    /// erasure.
    ///
    /// The counter of its changes stays, so that caches never show this tenant's data to a later tenant with the same
    /// id.
    ///
    /// # Errors
    /// If the store cannot be reached. What was done until then stays; calling again completes it.
    pub async fn forget_tenant(&self, tenant: &TenantId) -> Result<Option<Forgotten>, StoreError> {
        let mut forgotten = Forgotten::default();
        let mut tx = self.begin().await?;
        // A webhook may have been added for a tenant that has nothing else.
        tx.run(sql("delete from sluice.receiver where tenant = $1").bind(tenant.as_str())).await?;
        if tx.optional(sql("select from sluice.tenant where id = $1").bind(tenant.as_str())).await?.is_none()
        {
            tx.commit().await?;
            return Ok(None);
        }
        forgotten.keys =
            tx.run(sql("delete from sluice.api_key where tenant = $1").bind(tenant.as_str())).await?;
        tx.run(sql("delete from sluice.saved where tenant = $1").bind(tenant.as_str())).await?;
        let find = sql("select id from sluice.export where tenant = $1 order by id");
        let rows = tx.all(find.bind(tenant.as_str())).await?;
        tx.commit().await?;
        for row in &rows {
            let export = export_id(row, "id")?;
            let mut ended = self.cancel_or_delete(tenant, export).await?;
            if ended == Ended::Canceled {
                ended = self.cancel_or_delete(tenant, export).await?;
            }
            forgotten.exports += u64::from(ended == Ended::Deleted);
        }
        loop {
            let released = self.again(|| self.release_all(tenant)).await?;
            forgotten.chunks += released;
            if released == 0 {
                break;
            }
        }
        self.again(|| self.forget_row(tenant, forgotten.clone())).await.map(Some)
    }

    /// Releases some chunks that no export has, including those kept for reuse.
    async fn release_all(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let lock = sql(include_str!("../sql/forget/lock.sql"));
        let rows = tx.all(lock.bind(tenant.as_str()).bind(BATCH)).await?;
        let chunks = ids(&rows)?;
        if chunks.is_empty() {
            tx.rollback().await?;
            return Ok(0);
        }
        // Decided again under the locks, since a link may have been added meanwhile.
        tx.run(sql(include_str!("../sql/invalidate/unlinked.sql")).bind(&chunks)).await?;
        let forget = sql("update sluice.chunk set reusable = false, keep_until = null where id = any ($1)");
        tx.run(forget.bind(&chunks)).await?;
        tx.run(sql(include_str!("../sql/cancel/release.sql")).bind(&chunks)).await?;
        tx.commit().await?;
        Ok(chunks.len() as u64)
    }

    /// Removes the tenant itself if nothing of it is left, and counts what is left.
    async fn forget_row(&self, tenant: &TenantId, forgotten: Forgotten) -> Result<Forgotten, StoreError> {
        let mut tx = self.begin().await?;
        // An accept holds this row while it creates an export.
        tx.all(sql("select from sluice.tenant where id = $1 for update").bind(tenant.as_str())).await?;
        // A manifest whose export was not marked succeeded with it: no export will refer to it.
        let now = sql(include_str!("../sql/forget/manifests.sql"));
        tx.run(now.bind(tenant.as_str())).await?;
        let left = sql(include_str!("../sql/forget/left.sql"));
        let row = tx.one(left.bind(tenant.as_str())).await?;
        let (chunks_left, exports_left) = (count(&row, "chunks")?, count(&row, "exports")?);
        let prefixes_left = count(&row, "prefixes")?;
        // Swept prefixes are swept again a day later, for processes that were considered dead.
        let gone = chunks_left == 0 && exports_left == 0 && count(&row, "unswept")? == 0;
        if gone {
            tx.run(sql("delete from sluice.api_key where tenant = $1").bind(tenant.as_str())).await?;
            tx.run(sql("delete from sluice.tenant_turn where tenant = $1").bind(tenant.as_str())).await?;
            tx.run(sql("delete from sluice.export_turn where tenant = $1").bind(tenant.as_str())).await?;
            tx.run(sql("delete from sluice.tenant_kept where tenant = $1").bind(tenant.as_str())).await?;
            // Receivers of all tenants have got events of this one.
            tx.run(sql("delete from sluice.event where tenant = $1").bind(tenant.as_str())).await?;
            tx.run(sql("delete from sluice.daily_use where tenant = $1").bind(tenant.as_str())).await?;
            tx.run(sql("delete from sluice.wait where tenant = $1").bind(tenant.as_str())).await?;
            tx.run(sql("delete from sluice.tenant where id = $1").bind(tenant.as_str())).await?;
        }
        tx.commit().await?;
        Ok(Forgotten { chunks_left, exports_left, prefixes_left, gone, ..forgotten })
    }
}
