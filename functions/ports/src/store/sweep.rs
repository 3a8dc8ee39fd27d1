//! What the sweeper asks of the store.

use export::id::{ChunkId, ExportId, TenantId};
use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{chunk_id, count, export_id};

/// A chunk that nobody wants: its objects go, then its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dying {
    /// The chunk.
    pub chunk: ChunkId,
    /// Its tenant, for the prefix of its objects.
    pub tenant: TenantId,
    /// Whether no attempt can write any more, so that the row may go once the prefix is empty.
    pub quiet: bool,
}

/// What waits and what is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// For how long the chunk that waits longest has been due, in milliseconds; zero if none waits. It waits until a worker
    /// has taken it, not just until its message went out.
    pub oldest_due_ms: u64,
    /// Chunks whose message went out and that no worker has taken yet.
    pub sent: u64,
    /// Chunks that workers read, each in one session of the source.
    pub running: u64,
}

const LOCK: &str = "select from sluice.chunk where id = any ($1::text[]::uuid[]) order by id for update";

impl Store {
    /// Live exports past their deadline; none while paused.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn past_deadline(&self, limit: i64) -> Result<Vec<ExportId>, StoreError> {
        self.export_ids(
            "select id::text from sluice.export where status in ('queued', 'running') and deadline_at < clock_timestamp() \
               and not exists (select from sluice.setting where name = 'paused_at') order by deadline_at limit $1",
            limit,
        )
        .await
    }

    /// What waits and what is being read, now. Chunks of exports that are queued count, and so do those of a paused source.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        let mut tx = self.begin().await?;
        // One step into the index per tenant with a live export, however many chunks are due. A chunk that was sent has been
        // due ever since: its message may be lost, or nobody may take any.
        let find = sql(
            "select greatest(0, coalesce(extract(epoch from clock_timestamp() - least(due.first, flying.first)) * 1000, 0))::bigint as oldest_ms, \
                flying.sent, flying.running \
             from (select min(one.due_at) as first \
                   from (select distinct tenant from sluice.export where status in ('queued', 'running')) t, \
                   lateral (select c.due_at from sluice.chunk c where c.tenant = t.tenant and c.state = 'due' order by c.due_at limit 1) one) due, \
             (select min(due_at) filter (where state = 'sent') as first, count(*) filter (where state = 'sent') as sent, \
                 count(*) filter (where state = 'running') as running \
              from sluice.chunk where state in ('sent', 'running')) flying",
        );
        let row = tx.one(find).await?;
        tx.commit().await?;
        Ok(Backlog {
            oldest_due_ms: count(&row, "oldest_ms")?,
            sent: count(&row, "sent")?,
            running: count(&row, "running")?,
        })
    }

    /// Live exports of which nothing is open: a process died before it could finish them.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn unfinished(&self, limit: i64) -> Result<Vec<ExportId>, StoreError> {
        self.export_ids(
            "select e.id::text from sluice.export e where e.status in ('queued', 'running') \
               and (select l.open from sluice.link l where l.export_id = e.id and l.open order by l.ordinal + 0 desc limit 1) is null order by e.accepted_at limit $1",
            limit,
        )
        .await
    }

    /// Ended exports whose files are to go.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn to_expire(&self, limit: i64) -> Result<Vec<ExportId>, StoreError> {
        self.export_ids(
            "select id::text from sluice.export where status in ('succeeded', 'failed', 'canceled') and expires_at < clock_timestamp() order by expires_at limit $1",
            limit,
        )
        .await
    }

    async fn export_ids(&self, statement: &'static str, limit: i64) -> Result<Vec<ExportId>, StoreError> {
        let mut tx = self.begin().await?;
        let rows = tx.all(sql(statement).bind(limit)).await?;
        tx.commit().await?;
        rows.iter().map(|row| export_id(row, "id")).collect()
    }

    /// Canceled exports that never had a file, a day after: there is nothing of them to fetch or to explain.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn without_files(&self, limit: i64) -> Result<Vec<ExportId>, StoreError> {
        self.export_ids(
            "select id::text from sluice.export where status = 'canceled' and progress ->> 'chunksDone' = '0' \
               and ended_at < clock_timestamp() - interval '1 day' order by ended_at limit $1",
            limit,
        )
        .await
    }

    /// Lets chunks die that no export has and that are not kept for reuse any more; answers how many were looked at.
    ///
    /// Each chunk is looked at once, when its time is over: one that an export still has goes with its last link, and is
    /// not looked at again.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn release_unused(&self, limit: i64) -> Result<usize, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let lock = sql(include_str!("sweep/unused.sql"));
            let rows = tx.all(lock.bind(limit)).await?;
            let chunks = rows.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
            let found = chunks.len();
            if found == 0 {
                return tx.rollback().await.map(|()| 0);
            }
            // Decided anew: a link may have come before the lock was ours.
            tx.run(sql(include_str!("cancel/release.sql")).bind(&chunks)).await?;
            let looked_at =
                sql("update sluice.chunk set keep_until = null where id = any ($1::text[]::uuid[]) \
                 and state in ('done', 'failed') and keep_until < clock_timestamp()");
            tx.run(looked_at.bind(chunks)).await?;
            tx.commit().await.map(|()| found)
        })
        .await
    }

    /// Chunks that no export wants and whose objects are to be deleted, of the tenants in turn: first those not looked at
    /// yet, then those whose rows may go if nothing was written since.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn dying(&self, limit: i64) -> Result<Vec<Dying>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(include_str!("sweep/dying.sql"));
        let rows = tx.all(find.bind(limit)).await?;
        tx.commit().await?;
        let read = |row: &sqlx::postgres::PgRow| {
            Ok(Dying {
                chunk: chunk_id(row, "id")?,
                tenant: row
                    .try_get::<String, _>("tenant")?
                    .parse()
                    .map_err(|e| StoreError::unreadable("tenant", e))?,
                quiet: row.try_get("quiet")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Notes that the objects of these chunks were deleted: the next batch is of others.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn emptied(&self, chunks: &[ChunkId]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // In the order of ids, as everyone locks them.
        tx.all(sql(LOCK).bind(super::ranges::texts(chunks))).await?;
        let note = sql(
            "update sluice.chunk set emptied_at = clock_timestamp() where id = any ($1::text[]::uuid[]) and state in ('split', 'dying')",
        );
        tx.run(note.bind(super::ranges::texts(chunks))).await?;
        tx.commit().await
    }

    /// Removes the rows of chunks whose prefixes are empty and to which nothing can be written any more.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn forget(&self, chunks: &[ChunkId]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // In the order of ids, as everyone locks them.
        tx.all(sql(LOCK).bind(super::ranges::texts(chunks))).await?;
        let delete = sql(
            "delete from sluice.chunk c where c.id = any ($1::text[]::uuid[]) and c.state in ('split', 'dying') \
             and c.ended_at + sluice.worker_timeout() < clock_timestamp() and not exists (select from sluice.link l where l.chunk_id = c.id)",
        );
        tx.run(delete.bind(super::ranges::texts(chunks))).await?;
        tx.commit().await
    }

    /// Removes exports that expired 30 days ago, and selections without chunks: so many at most. Returns how many
    /// selections went.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn prune(&self, limit: i64) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        tx.run(sql("delete from sluice.export where status = 'expired' and expires_at < clock_timestamp() - interval '30 days'")).await?;
        tx.commit().await?;
        // An accept that has found one of them here just now and lost it meets a conflict, as this does the other way
        // round: each tries again.
        self.again(|| async {
            let mut tx = self.begin().await?;
            let delete = sql(
                "delete from sluice.selection s where s.fingerprint in (select f.fingerprint from sluice.selection f \
                 where not exists (select from sluice.chunk c where c.fingerprint = f.fingerprint) limit $1 for update skip locked)",
            );
            let gone = tx.run(delete.bind(limit)).await?;
            tx.commit().await?;
            Ok(usize::try_from(gone).unwrap_or(usize::MAX))
        })
        .await
    }
}
