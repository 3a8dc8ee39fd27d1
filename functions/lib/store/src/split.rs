//! Split of a chunk that turned out far larger than planned.

use export::id::ChunkId;
use export::layout::Hive;
use export::range::Range;
use export::selection::Selection;
use export::state::AttemptOutcome;
use export::usage::Usage;
use sqlx::Row;

use super::accept::naming;
use super::connection::{Store, sql};
use super::error::StoreError;
use super::outcome::end_attempt;
use super::ranges::{json, to_columns, uuids};
use ports::fault::Point;
use ports::random;

impl Store {
    /// Replaces a chunk by its children, in one fenced transaction: they take over its links, its position and its
    /// weight. Returns false if the attempt is no longer the current one.
    ///
    /// `children` must tile the chunk's range; `planned_bytes` is the expected size of each; `out_of_time` is the
    /// number of bytes the attempt had read, if it is split because its time ran out.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn split(
        &self,
        chunk: ChunkId,
        attempt: u32,
        children: &[Range],
        planned_bytes: u64,
        out_of_time: Option<u64>,
        usage: &Usage,
    ) -> Result<bool, StoreError> {
        self.again(|| self.split_once(chunk, attempt, children, planned_bytes, out_of_time, usage)).await
    }

    async fn split_once(
        &self,
        chunk: ChunkId,
        attempt: u32,
        children: &[Range],
        planned_bytes: u64,
        out_of_time: Option<u64>,
        usage: &Usage,
    ) -> Result<bool, StoreError> {
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let mut tx = self.begin().await?;
        let split = sql(include_str!("../sql/split/parent.sql")).bind(chunk.uuid()).bind(i64::from(attempt));
        let Some(row) = tx.optional(split).await? else {
            tx.rollback().await?;
            return Ok(false);
        };
        let selection: Selection = json(&row, "selection")?;
        let ids: Vec<_> = children.iter().map(|_| ChunkId::from_random(random::bytes())).collect();
        // Each child has a name in every layout, since exports with different layouts may share the chunk.
        let layouts: Vec<_> = [None].into_iter().chain(Hive::ALL.map(Some)).collect();
        let (mut hives, mut names) = (Vec::new(), Vec::new());
        for hive in layouts {
            let naming = naming(&selection, hive);
            hives.extend(children.iter().map(|_| hive.map(Hive::as_str)));
            names.extend(children.iter().map(|range| naming.name(range)));
        }
        let replace = sql(include_str!("../sql/split/children.sql"))
            .bind(chunk.uuid())
            .bind(uuids(&ids))
            .bind(children.iter().map(|range| to_columns(range).1).collect::<Vec<_>>())
            .bind(children.iter().map(|range| to_columns(range).2).collect::<Vec<_>>())
            .bind(names)
            .bind(signed(planned_bytes))
            .bind(out_of_time.map(signed))
            .bind(hives)
            .bind(children.first().map(|range| to_columns(range).0));
        let links: i64 = tx.one(replace).await?.try_get("links")?;
        tx.run(sql("delete from sluice.link where chunk_id = $1").bind(chunk.uuid())).await?;
        end_attempt(&mut tx, chunk, attempt, AttemptOutcome::Split, None, usage).await?;
        self.crash(Point::Splitting);
        tx.commit().await?;
        tracing::info!(%chunk, attempt, children = ids.len(), links, "chunk was split");
        Ok(true)
    }
}
