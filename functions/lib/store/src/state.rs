//! State of the store itself: its server, its schema, its settings.

use std::collections::BTreeMap;

use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::count;
use ports::postgres::capacity::{Capacity, IdleConnections};
use ports::postgres::server::{QUERY, Server};

/// State of the store as checked by `admin check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreState {
    /// Server of the store, as visible to the store role.
    pub server: Server,
    /// Number of the last applied migration.
    pub migration: i32,
    /// Settings written by `admin migrate`, by name; `paused_at` is present while paused.
    pub settings: BTreeMap<String, String>,
    /// Number of chunks that are sent or running. If it is not zero, the source is being read or may be at any
    /// moment.
    pub in_flight: u64,
}

impl Store {
    /// Reads the state of the store itself.
    ///
    /// # Errors
    /// If the store cannot be reached or was never migrated.
    pub async fn state(&self) -> Result<StoreState, StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.one(sql(QUERY)).await?;
        let last = tx.one(sql("select coalesce(max(version), 0) as last from sluice.migration")).await?;
        let rows = tx.all(sql("select name, value from sluice.setting")).await?;
        let in_flight =
            tx.one(sql("select count(*) as n from sluice.chunk where state in ('sent', 'running')")).await?;
        tx.commit().await?;
        let cells = (0..row.len()).map(|i| row.try_get(i)).collect::<Result<_, _>>()?;
        let server = Server::read(cells)
            .ok_or_else(|| StoreError::unreadable("server", "the result has an unexpected form"))?;
        let settings = rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("value")?)));
        Ok(StoreState {
            server,
            migration: last.try_get("last")?,
            settings: settings.collect::<Result<_, StoreError>>()?,
            in_flight: count(&in_flight, "n")?,
        })
    }

    /// Measures how many of `wanted` sessions can be opened at once. No other client gets a session meanwhile.
    ///
    /// # Errors
    /// If no login token can be created.
    pub async fn capacity(&self, requested: u32) -> Result<Capacity, StoreError> {
        self.close_idle().await;
        self.sessions(requested).await
    }

    /// Opens this many connections without a transaction and closes them, which shows if there is a pooler.
    ///
    /// # Errors
    /// If no login token can be created.
    pub async fn idle_connections(&self, requested: u32) -> Result<IdleConnections, StoreError> {
        self.close_idle().await;
        self.open_idle(requested).await
    }

    /// Returns the secret that seals entries of the shared cache. A migration creates it, so only processes that can
    /// read the store can create a valid entry; access to the cache alone does not suffice.
    ///
    /// # Errors
    /// If the store cannot be reached, or was never migrated.
    pub async fn cache_seal(&self) -> Result<[u8; 32], StoreError> {
        let mut tx = self.begin().await?;
        let row = tx
            .one(sql("select pg_catalog.decode(value, 'hex') as seal from sluice.setting where name = 'cache_seal'"))
            .await?;
        tx.commit().await?;
        let seal: Vec<u8> = row.try_get("seal")?;
        seal.try_into().map_err(|_| StoreError::unreadable("cache seal", "it has the wrong length"))
    }
}
