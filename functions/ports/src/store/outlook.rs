//! What a forecast is made of: how fast recent chunks were, and what waits.

use export::forecast::{Load, Seen};
use export::format::Output;
use export::id::TenantId;
use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{count, json};

/// The store's side of a forecast.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Recent chunks in the same format and compression.
    pub seen: Seen,
    /// Sessions at once.
    pub budget: u32,
    /// Hours that files are kept.
    pub kept_hours: u32,
    /// Whether the operator holds all back.
    pub paused: bool,
    /// What waits for the tenant.
    pub own: Load,
    /// What waits for each other tenant.
    pub others: Vec<Load>,
}

#[derive(serde::Deserialize)]
struct Waiting {
    own: bool,
    chunks: u64,
    bytes: u64,
}

impl Store {
    /// Looks around, for an export of `tenant` with this output.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn outlook(&self, tenant: &TenantId, output: &Output) -> Result<Outlook, StoreError> {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let mut tx = self.begin().await?;
        let look = sql(include_str!("outlook/outlook.sql"))
            .bind(tenant.as_str())
            .bind(word(serde_json::json!(output.format)))
            .bind(word(serde_json::json!(output.compression)));
        let row = tx.one(look).await?;
        tx.commit().await?;
        let waiting: Vec<Waiting> = json(&row, "waiting")?;
        let load = |w: &Waiting| Load { chunks: w.chunks, bytes: w.bytes };
        let setting = |name| row.try_get::<i32, _>(name).map(i32::unsigned_abs);
        Ok(Outlook {
            seen: Seen {
                chunks: count(&row, "chunks")?,
                source_bytes: count(&row, "source_bytes")?,
                file_bytes: count(&row, "file_bytes")?,
                first_row_ms: count(&row, "first_row_ms")?,
                read_ms: count(&row, "read_ms")?,
                busy_ms: count(&row, "busy_ms")?,
            },
            budget: setting("budget")?,
            kept_hours: setting("kept_hours")?,
            paused: row.try_get("paused")?,
            own: waiting.iter().find(|w| w.own).map(load).unwrap_or_default(),
            others: waiting.iter().filter(|w| !w.own).map(load).collect(),
        })
    }
}
