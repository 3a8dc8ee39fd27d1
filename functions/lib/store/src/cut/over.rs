//! End of a cut: nothing is left to read, it could not be opened, it was held for too long, or its snapshot is gone.

use export::failure::{Failure, MAX_FAILURES, backoff_secs};
use export::id::{CutId, ExportId, KeeperId};
use export::load::Hold;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::KeeperLease;
use crate::connection::{Store, Tx, sql};
use crate::error::StoreError;
use crate::ranges::{count, export_id};

impl Store {
    /// Ends a keeper whose session has ended. If it held the snapshot, the cut ends.
    ///
    /// # Errors
    /// If the store cannot be reached; the lease then runs out, and the cut counts as lost.
    pub async fn end_keeper(&self, keeper: KeeperId) -> Result<(), StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            if let Some(cut) = end(&mut tx, keeper, None, None).await? {
                leave(&mut tx, cut, false).await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Records that a cut could not be opened. Its exports wait for the next one, which departs after a while, or fail if
    /// that has happened eight times. A condition of the deployment is not counted; it holds everything back.
    ///
    /// Returns the seconds until the next cut may depart.
    ///
    /// # Errors
    /// If the store cannot be reached; the lease then runs out, and the cut counts as lost.
    pub async fn cut_not_opened(
        &self,
        keeper: KeeperId,
        failure: &Failure,
        hold: Option<&Hold>,
    ) -> Result<u32, StoreError> {
        let waits = self.again(|| self.not_opened_once(keeper, failure, hold)).await?;
        let failures = waits.iter().map(|(_, failures)| *failures).max().unwrap_or(0);
        for (export, failures) in waits {
            if failures >= MAX_FAILURES {
                self.fail_for_cut(export, &Failure { again: false, ..failure.clone() }).await?;
            }
        }
        Ok(u32::try_from(backoff_secs(failures)).unwrap_or(u32::MAX))
    }

    async fn not_opened_once(
        &self,
        keeper: KeeperId,
        failure: &Failure,
        hold: Option<&Hold>,
    ) -> Result<Vec<(ExportId, u32)>, StoreError> {
        let mut tx = self.begin().await?;
        if let Some(hold) = hold {
            let note = sql(include_str!("../../sql/back_off/note.sql"));
            tx.run(note.bind(hold.signal.as_str()).bind(hold.reason.clone())).await?;
        }
        let most = sql(include_str!("../../sql/cut/failures.sql"));
        let most = count(&tx.one(most.bind(keeper.uuid())).await?, "most")?;
        let secs = backoff_secs(u32::try_from(most).unwrap_or(u32::MAX).saturating_add(1));
        let mut waits = Vec::new();
        if let Some(cut) = end(&mut tx, keeper, Some(&failure.message), Some(secs)).await? {
            waits = leave(&mut tx, cut, hold.is_none()).await?;
            if hold.is_some() {
                // Nothing was read, so nothing has to be replaced.
                let wait = sql(
                    "update sluice.export set cut_state = 'waiting', cut = null where cut = $1 and cut_state = 'stale'",
                );
                tx.run(wait.bind(cut.uuid())).await?;
            }
        }
        tx.commit().await?;
        Ok(waits)
    }

    /// Fails the exports that are left in a cut which was held for too long, then ends it.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn give_up_cut(&self, lease: &KeeperLease, failure: &Failure) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let rows = tx.all(sql(include_str!("../../sql/cut/passengers.sql")).bind(lease.cut.uuid())).await?;
        tx.commit().await?;
        for export in rows.iter().map(|row| export_id(row, "id")).collect::<Result<Vec<_>, _>>()? {
            self.fail_for_cut(export, failure).await?;
        }
        self.end_keeper(lease.keeper).await
    }

    /// Records that the snapshot of a cut, as `holder` exported it, is gone. Exports that have something left to read
    /// restart. Does nothing if another keeper holds it by now.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn lose_cut(&self, cut: CutId, holder: KeeperId, why: &str) -> Result<(), StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let lose =
                sql("select sluice.lose_cut(c.id, $3) from sluice.cut c where c.id = $1 and c.holder = $2");
            tx.all(lose.bind(cut.uuid()).bind(holder.uuid()).bind(why.to_owned())).await?;
            tx.commit().await
        })
        .await
    }
}

/// Ends a keeper, and with it the cut that it holds. Returns that cut. No later keeper of it starts.
async fn end(
    tx: &mut Tx,
    keeper: KeeperId,
    reason: Option<&str>,
    secs: Option<u64>,
) -> Result<Option<CutId>, StoreError> {
    let end = sql(include_str!("../../sql/cut/end.sql"))
        .bind(keeper.uuid())
        .bind(reason.map(str::to_owned))
        .bind(secs.map(|secs| i64::try_from(secs).unwrap_or(i64::MAX)));
    let Some(row) = tx.optional(end).await? else { return Ok(None) };
    let cut: Uuid = row.try_get("id")?;
    let others = sql(
        "update sluice.keeper set state = 'ended', lease_until = null where cut = $1 and state <> 'ended'",
    );
    tx.run(others.bind(cut)).await?;
    Ok(Some(cut.into()))
}

/// Lets the exports that lack something leave a cut. Returns them with the number of cuts that could not be opened for
/// them.
async fn leave(tx: &mut Tx, cut: CutId, not_opened: bool) -> Result<Vec<(ExportId, u32)>, StoreError> {
    let leave = sql(include_str!("../../sql/cut/leave.sql")).bind(cut.uuid()).bind(not_opened);
    let read = |row: &PgRow| {
        let failures = u32::try_from(row.try_get::<i32, _>("cut_failures")?);
        Ok((export_id(row, "id")?, failures.map_err(|e| StoreError::unreadable("cut_failures", e))?))
    };
    tx.all(leave).await?.iter().map(read).collect()
}
