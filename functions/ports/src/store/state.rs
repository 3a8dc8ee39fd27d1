//! What state the store itself is in: its server, its schema, its settings.

use std::collections::BTreeMap;

use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::count;
use crate::room::Room;
use crate::server::{QUESTION, Server};

/// The store as `admin check` looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreState {
    /// Its server, as the store role sees it.
    pub server: Server,
    /// Number of the last migration that was applied.
    pub migration: i32,
    /// What `admin migrate` wrote, by name; `paused_at` is there while it is paused.
    pub settings: BTreeMap<String, String>,
    /// Chunks that are sent or running: whether the source is being read, or will be at any moment.
    pub in_flight: u64,
}

impl Store {
    /// Looks at the store itself.
    ///
    /// # Errors
    /// If the store cannot be reached or was never migrated.
    pub async fn state(&self) -> Result<StoreState, StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.one(sql(QUESTION)).await?;
        let last = tx.one(sql("select coalesce(max(version), 0) as last from sluice.migration")).await?;
        let rows = tx.all(sql("select name, value from sluice.setting")).await?;
        let in_flight =
            tx.one(sql("select count(*) as n from sluice.chunk where state in ('sent', 'running')")).await?;
        tx.commit().await?;
        let cells = (0..row.len()).map(|i| row.try_get(i)).collect::<Result<_, _>>()?;
        let server =
            Server::read(cells).ok_or_else(|| StoreError::unreadable("server", "it told something else"))?;
        let settings = rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("value")?)));
        Ok(StoreState {
            server,
            migration: last.try_get("last")?,
            settings: settings.collect::<Result<_, StoreError>>()?,
            in_flight: count(&in_flight, "n")?,
        })
    }

    /// Measures how many of `wanted` sessions can be had at once. Nobody else gets one meanwhile.
    ///
    /// # Errors
    /// If no token to log in with can be made.
    pub async fn room(&self, wanted: u32) -> Result<Room, StoreError> {
        self.close_idle().await;
        Ok(crate::room::measure(&self.options().await?, wanted).await)
    }
}
