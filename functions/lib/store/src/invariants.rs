//! Invariants of the store, which hold whatever ran. Checked by the sweeper, `admin check` and the tests that kill
//! processes. See `invariants.sql` for their definitions.

use sqlx::Row;
use uuid::Uuid;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{count, ids};

/// Window of all ids.
const ALL: [Uuid; 2] = [Uuid::nil(), Uuid::max()];

/// Maximum number of chunks repaired in one transaction.
const BATCH: i64 = 1000;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Name of the invariant.
    pub invariant: String,
    /// Number of violations.
    pub found: u64,
    /// One of them; contains ids only.
    pub example: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "broken {} times: {} ({})", self.found, self.invariant, self.example)
    }
}

impl Store {
    /// Returns all invariants that do not hold now.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn violations(&self) -> Result<Vec<Violation>, StoreError> {
        self.violations_in(ALL).await
    }

    /// Returns the violations in the next window of the store, which is some thousand chunks however large the store
    /// is. Successive calls cover all of it in rotation.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn next_violations(&self) -> Result<Vec<Violation>, StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.one(sql("select low, high from sluice.next_window()")).await?;
        let (low, high) = (row.try_get("low")?, row.try_get("high")?);
        tx.commit().await?;
        self.violations_in([low, high]).await
    }

    async fn violations_in(&self, [low, high]: [Uuid; 2]) -> Result<Vec<Violation>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql("select invariant, found, example from sluice.violations($1, $2)");
        let rows = tx.all(find.bind(low).bind(high)).await?;
        tx.commit().await?;
        let read = |row: &sqlx::postgres::PgRow| {
            Ok(Violation {
                invariant: row.try_get("invariant")?,
                found: count(row, "found")?,
                example: row.try_get("example")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Repairs what can be repaired without harm in the window that was checked last, and returns the number of
    /// changes. Links that are open although their chunk is done or failed are closed, so that their exports can be
    /// finished; tenants below their limit of active exports are marked for the next `dispatch()`.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn repair(&self) -> Result<u64, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            // Locked in id order; the next statement decides.
            let lock = sql(include_str!("../sql/invariants/open.sql"));
            let rows = tx.all(lock.bind(BATCH)).await?;
            let chunks = ids(&rows)?;
            let mut changed = 0;
            if !chunks.is_empty() {
                let close = sql(include_str!("../sql/invariants/close.sql"));
                changed += tx.run(close.bind(chunks)).await?;
            }
            changed += tx.run(sql(include_str!("../sql/invariants/turns.sql"))).await?;
            tx.commit().await?;
            Ok(changed)
        })
        .await
    }
}
