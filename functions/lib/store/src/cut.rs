//! Cuts: a snapshot of the source that the chunks of several exports read. The README has states and locks.

use export::cut::CutRead;
use export::id::{ChunkId, CutId, KeeperId};
use export::selection::Selection;
use export::state::AttemptOutcome;
use export::usage::Usage;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::outcome::end_attempt;
use super::ranges::{count, json};

mod over;
mod restart;

/// Right of a worker to hold the snapshot of a cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeeperLease {
    /// The keeper.
    pub keeper: KeeperId,
    /// Its cut.
    pub cut: CutId,
    /// Identifier of the snapshot to take over from the keeper before; `None` if this one takes the snapshot.
    pub takes_over: Option<String>,
    /// Selections whose relations must be locked.
    pub selections: Vec<Selection>,
}

/// Snapshot that a keeper exports. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Identifier of the snapshot.
    pub snapshot: String,
    /// Time of the source: the snapshot is not older.
    pub as_of_micros: i64,
    /// Time before which everything that began is visible; `None` if unknown.
    pub horizon_micros: Option<i64>,
    /// Position of the write-ahead log.
    pub lsn: Option<String>,
    /// OIDs of the locked relations.
    pub relations: Vec<i64>,
}

/// State on which a keeper decides if it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeeperState {
    /// True if it is this keeper's session that exports the snapshot.
    pub holds: bool,
    /// True if an export of the cut has something left to read.
    pub wanted: bool,
    /// True if the cut was held for the longest time allowed.
    pub too_long: bool,
    /// True if a later keeper was requested and has not ended.
    pub relieved: bool,
    /// Seconds after which the next keeper is requested, if a test sets them.
    pub relay_secs: Option<u64>,
}

/// The live cut, for `admin check`. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveCut {
    /// True once its snapshot is taken.
    pub open: bool,
    /// Time at which it was opened.
    pub opened_micros: Option<i64>,
    /// Number of exports in it.
    pub exports: u64,
}

/// Outcome of [`Store::begin_cut`].
#[derive(Debug)]
enum Begun {
    Keeper(Box<KeeperLease>),
    Nothing,
}

impl Store {
    /// Starts a keeper that was sent. Returns `None` if it is in any other state, or if no export waits.
    ///
    /// The first keeper of a cut first replaces what was read under lost cuts, and fails exports that lost too many.
    /// Then all active exports that wait travel in its cut.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn lease_keeper(
        &self,
        keeper: KeeperId,
        lease_secs: u32,
    ) -> Result<Option<KeeperLease>, StoreError> {
        let leased = self.again(|| async {
            let mut tx = self.begin().await?;
            let lease =
                sql(include_str!("../sql/cut/lease.sql")).bind(keeper.uuid()).bind(i64::from(lease_secs));
            let row = tx.optional(lease).await?;
            tx.commit().await?;
            Ok::<_, StoreError>(row)
        });
        let Some(row) = leased.await? else { return Ok(None) };
        let cut: CutId = row.try_get::<Uuid, _>("cut")?.into();
        let takes_over: Option<String> = row.try_get("snapshot")?;
        if takes_over.is_none() {
            self.restart_stale().await?;
        }
        let begun = self.again(|| self.begin_cut(keeper, cut, takes_over.clone())).await?;
        match begun {
            Begun::Keeper(lease) => Ok(Some(*lease)),
            Begun::Nothing => {
                self.end_keeper(keeper).await?;
                Ok(None)
            }
        }
    }

    async fn begin_cut(
        &self,
        keeper: KeeperId,
        cut: CutId,
        takes_over: Option<String>,
    ) -> Result<Begun, StoreError> {
        let mut tx = self.begin().await?;
        if takes_over.is_none() {
            let join = sql(include_str!("../sql/cut/join.sql")).bind(cut.uuid()).bind(keeper.uuid());
            tx.all(join).await?;
        }
        let find = sql(include_str!("../sql/cut/selections.sql"));
        let rows = tx.all(find.bind(cut.uuid())).await?;
        tx.commit().await?;
        let selections: Vec<Selection> =
            rows.iter().map(|row| json(row, "body")).collect::<Result<_, _>>()?;
        if selections.is_empty() {
            return Ok(Begun::Nothing);
        }
        Ok(Begun::Keeper(Box::new(KeeperLease { keeper, cut, takes_over, selections })))
    }

    /// Opens a cut: from now on its chunks are dispatched. Returns false if the keeper has lost its lease.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn open_cut(&self, lease: &KeeperLease, opening: &Opening) -> Result<bool, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let open = sql(include_str!("../sql/cut/open.sql"))
                .bind(lease.cut.uuid())
                .bind(lease.keeper.uuid())
                .bind(opening.snapshot.clone())
                .bind(opening.as_of_micros)
                .bind(opening.horizon_micros)
                .bind(opening.lsn.clone())
                .bind(opening.relations.clone());
            let opened = tx.run(open).await? == 1;
            tx.commit().await?;
            Ok(opened)
        })
        .await
    }

    /// Records that a keeper exports the snapshot under another identifier, so that the one before can end. Returns
    /// false if it has lost its lease, or the cut has ended.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn take_over_cut(
        &self,
        lease: &KeeperLease,
        snapshot: &str,
        relations: &[i64],
    ) -> Result<bool, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let take = sql(include_str!("../sql/cut/take_over.sql"))
                .bind(lease.cut.uuid())
                .bind(lease.keeper.uuid())
                .bind(snapshot.to_owned())
                .bind(relations.to_vec());
            let taken = tx.run(take).await? == 1;
            tx.commit().await?;
            Ok(taken)
        })
        .await
    }

    /// Returns what a keeper must know, and renews its lease first if `renew_secs` is given. `None` if the lease is lost:
    /// it must end its session.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn watch_cut(
        &self,
        keeper: KeeperId,
        renew_secs: Option<u32>,
    ) -> Result<Option<KeeperState>, StoreError> {
        let mut tx = self.begin().await?;
        if let Some(secs) = renew_secs {
            let renew = sql(include_str!("../sql/cut/renew.sql"));
            tx.run(renew.bind(keeper.uuid()).bind(i64::from(secs))).await?;
        }
        let row = tx.optional(sql(include_str!("../sql/cut/watch.sql")).bind(keeper.uuid())).await?;
        tx.commit().await?;
        row.map(|row| {
            Ok(KeeperState {
                holds: row.try_get("holds")?,
                wanted: row.try_get("wanted")?,
                too_long: row.try_get("too_long")?,
                relieved: row.try_get("relieved")?,
                relay_secs: row.try_get::<Option<i64>, _>("relay_secs")?.map(i64::unsigned_abs),
            })
        })
        .transpose()
    }

    /// Requests the next keeper of a cut. Until it has its lease `dispatch()` sends no chunk, and chunks whose message is
    /// on its way are due again, so that a worker becomes free for it.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn request_relay(&self, keeper: KeeperId) -> Result<(), StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let requested = tx.run(sql(include_str!("../sql/cut/relay.sql")).bind(keeper.uuid())).await? == 1;
            if requested {
                tx.run(sql(include_str!("../sql/back_off/take_back.sql"))).await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Takes back the chunk that was leased last, whose worker then stops and is free for the next keeper.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn evict_reader(&self) -> Result<(), StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            tx.run(sql(include_str!("../sql/cut/evict.sql"))).await?;
            tx.commit().await
        })
        .await
    }

    /// Returns the present holder of an open cut, and the identifier of its snapshot; `None` if it is not open.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn holder_of(&self, cut: CutId) -> Result<Option<(KeeperId, String)>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql("select holder, snapshot from sluice.cut where id = $1 and state = 'open'");
        let row = tx.optional(find.bind(cut.uuid())).await?;
        tx.commit().await?;
        row.map(|row| Ok((row.try_get::<Uuid, _>("holder")?.into(), row.try_get("snapshot")?))).transpose()
    }

    /// Gives back a chunk whose snapshot could not be imported; it is charged with nothing. Returns false if the attempt
    /// is no longer the current one.
    ///
    /// # Errors
    /// If the store cannot be reached; the lease then runs out.
    pub async fn hand_back(&self, chunk: ChunkId, attempt: u32, usage: &Usage) -> Result<bool, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let give = sql(include_str!("../sql/cut/hand_back.sql"));
            let given = tx.run(give.bind(chunk.uuid()).bind(i64::from(attempt))).await? == 1;
            if given {
                end_attempt(&mut tx, chunk, attempt, AttemptOutcome::Canceled, None, usage).await?;
            }
            tx.commit().await?;
            Ok(given)
        })
        .await
    }

    /// Returns the cut that is live.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn live_cut(&self) -> Result<Option<LiveCut>, StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.optional(sql(include_str!("../sql/cut/live.sql"))).await?;
        tx.commit().await?;
        row.map(|row| {
            Ok(LiveCut {
                open: row.try_get::<&str, _>("state")? == "open",
                opened_micros: row.try_get("opened")?,
                exports: count(&row, "exports")?,
            })
        })
        .transpose()
    }
}

/// Reads the snapshot of a chunk that is leased; `None` if it is not read in a cut.
pub(super) fn cut_read(row: &PgRow) -> Result<Option<CutRead>, StoreError> {
    if !row.try_get::<bool, _>("in_cut")? {
        return Ok(None);
    }
    Ok(Some(CutRead {
        cut: row.try_get::<Uuid, _>("cut_id")?.into(),
        holder: row.try_get::<Uuid, _>("cut_holder")?.into(),
        snapshot: row.try_get("cut_snapshot")?,
        as_of_micros: row.try_get("cut_as_of")?,
        horizon_micros: row.try_get("cut_horizon")?,
        relations: row.try_get("cut_relations")?,
    }))
}
