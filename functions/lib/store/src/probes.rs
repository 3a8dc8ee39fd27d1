//! Probes of destinations: the operator requests one, and the function that delivers makes it, with its own rights.

use export::delivery::DeliveryFailure;
use export::destination::Destination;
use sqlx::Row;
use sqlx::types::Json;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{json, optional_json};

/// Result of a probe; `Some` is the failure.
pub type ProbeResult = Option<DeliveryFailure>;

impl Store {
    /// Requests a probe of a destination. False if there is no such destination.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn request_probe(&self, name: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let requested =
            tx.run(sql(include_str!("../sql/delivery/request_probe.sql")).bind(name.to_owned())).await?;
        tx.commit().await?;
        Ok(requested > 0)
    }

    /// Takes a destination of which a probe is requested: its name and definition.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn take_probe(&self) -> Result<Option<(String, Destination)>, StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.optional(sql(include_str!("../sql/delivery/take_probe.sql"))).await?;
        tx.commit().await?;
        row.map(|row| Ok((row.try_get("name")?, json(&row, "definition")?))).transpose()
    }

    /// Notes the result of a probe.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn note_probe(&self, name: &str, result: &ProbeResult) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let note = sql(include_str!("../sql/delivery/note_probe.sql"));
        tx.run(note.bind(name.to_owned()).bind(result.clone().map(Json))).await?;
        tx.commit().await
    }

    /// Returns the result of the probe that was requested last; `None` while it has none.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn probe_result(&self, name: &str) -> Result<Option<ProbeResult>, StoreError> {
        let mut tx = self.begin().await?;
        let read = sql(include_str!("../sql/delivery/probe.sql")).bind(name.to_owned());
        let row = tx.optional(read).await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        if row.try_get("ended")? { Ok(Some(optional_json(&row, "failure")?)) } else { Ok(None) }
    }
}
