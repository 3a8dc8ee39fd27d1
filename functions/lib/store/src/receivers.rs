//! Receivers of events: the operator's webhooks, and the bus of the deployment.

use export::event::EventType;
use export::id::TenantId;
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::notices::KeptSecret;
use super::ranges::count;

/// Name of the bus of the deployment, which no webhook may have.
pub const BUS_NAME: &str = "event-bus";

/// Webhook to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWebhook {
    /// Tenant whose events it receives; `None` for all tenants.
    pub tenant: Option<TenantId>,
    /// Name, which is unique for the tenant.
    pub name: String,
    /// URL.
    pub url: String,
    /// Types of events; empty for all.
    pub types: Vec<EventType>,
    /// Secret with which its events are signed.
    pub secret: String,
}

/// Receiver as the operator sees it, without its secrets. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receiver {
    /// Id.
    pub id: Uuid,
    /// Tenant whose events it receives; `None` for all tenants.
    pub tenant: Option<String>,
    /// Name.
    pub name: String,
    /// `webhook` or `bus`.
    pub kind: String,
    /// URL, or name of the bus.
    pub address: String,
    /// Types of events; empty for all.
    pub types: Vec<String>,
    /// Time of creation.
    pub created_micros: i64,
    /// Last time at which it accepted an event.
    pub accepted_micros: Option<i64>,
    /// Time since which nothing is sent to it.
    pub disabled_micros: Option<i64>,
    /// Reason for that.
    pub disabled_reason: Option<String>,
    /// Events that wait for it.
    pub waiting: u64,
    /// Events that it has not accepted in any attempt.
    pub failed: u64,
}

/// Event of one receiver, as the operator sees it. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentEvent {
    /// Id of the event.
    pub event: Uuid,
    /// Type of the event.
    pub event_type: String,
    /// The export.
    pub export: Uuid,
    /// Time of the event.
    pub at_micros: i64,
    /// `due`, `sent`, `accepted` or `failed`.
    pub state: String,
    /// Attempts so far.
    pub attempts: i32,
    /// HTTP status of the last one.
    pub status: Option<i32>,
    /// Reason why the last one failed.
    pub failure: Option<String>,
    /// Time of the last attempt.
    pub tried_micros: Option<i64>,
    /// Time of the next attempt.
    pub next_micros: Option<i64>,
}

/// Result of a test event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// True if the receiver has accepted it.
    pub accepted: bool,
    /// HTTP status of the attempt.
    pub status: Option<i32>,
    /// Reason why the attempt failed.
    pub failure: Option<String>,
}

impl Store {
    /// Adds a webhook. False if the tenant has one of this name.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn add_webhook(&self, new: &NewWebhook) -> Result<bool, StoreError> {
        let add = sql(include_str!("../sql/receiver/add.sql"))
            .bind(new.tenant.as_ref().map(|tenant| tenant.as_str().to_owned()))
            .bind(new.name.clone())
            .bind(new.url.clone())
            .bind(new.types.iter().map(|one| one.as_str().to_owned()).collect::<Vec<_>>())
            .bind(Json(vec![KeptSecret::new(&new.secret)]));
        let mut tx = self.begin().await?;
        let added = tx.optional(add).await?;
        tx.commit().await?;
        Ok(added.is_some())
    }

    /// Lists all receivers.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn receivers(&self) -> Result<Vec<Receiver>, StoreError> {
        let mut tx = self.begin().await?;
        let rows = tx.all(sql(include_str!("../sql/receiver/list.sql"))).await?;
        tx.commit().await?;
        rows.iter().map(read_receiver).collect()
    }

    /// Replaces the secret of a webhook. The one of before also signs for `overlap_hours`.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn rotate_webhook(
        &self,
        receiver: Uuid,
        secret: &str,
        overlap_hours: u32,
    ) -> Result<bool, StoreError> {
        let rotate = sql(include_str!("../sql/receiver/rotate.sql"));
        self.change(rotate.bind(receiver).bind(secret.to_owned()).bind(i64::from(overlap_hours))).await
    }

    /// Sends events to a receiver again, from those that wait or have failed.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn enable_receiver(&self, receiver: Uuid) -> Result<bool, StoreError> {
        self.change(sql(include_str!("../sql/receiver/enable.sql")).bind(receiver)).await
    }

    /// Stops sending to a receiver. Events are kept for it.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn disable_receiver(&self, receiver: Uuid) -> Result<bool, StoreError> {
        self.change(sql(include_str!("../sql/receiver/disable.sql")).bind(receiver)).await
    }

    /// Removes a receiver with all that was recorded for it.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn remove_receiver(&self, receiver: Uuid) -> Result<bool, StoreError> {
        self.change(sql(include_str!("../sql/receiver/remove.sql")).bind(receiver)).await
    }

    /// Makes events due now: one, or with `None` all that the receiver has not accepted.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn resend_events(&self, receiver: Uuid, event: Option<Uuid>) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let changed = tx.run(sql(include_str!("../sql/event/resend.sql")).bind(receiver).bind(event)).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Lists the last events for a receiver, newest first.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn sent_events(&self, receiver: Uuid, limit: u32) -> Result<Vec<SentEvent>, StoreError> {
        let mut tx = self.begin().await?;
        let list = sql(include_str!("../sql/event/list.sql")).bind(receiver).bind(i64::from(limit));
        let rows = tx.all(list).await?;
        tx.commit().await?;
        rows.iter().map(read_sent).collect()
    }

    /// Records a test event for one receiver, and returns its id.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn test_receiver(&self, receiver: Uuid, tenant: &TenantId) -> Result<Uuid, StoreError> {
        let mut tx = self.begin().await?;
        let test = sql(include_str!("../sql/event/test.sql")).bind(receiver);
        let row = tx.one(test.bind(tenant.as_str().to_owned())).await?;
        tx.commit().await?;
        Ok(row.try_get("id")?)
    }

    /// Returns the result of a test event; `None` while no attempt has ended.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn test_result(&self, receiver: Uuid, event: Uuid) -> Result<Option<TestResult>, StoreError> {
        let mut tx = self.begin().await?;
        let result = sql(include_str!("../sql/event/result.sql")).bind(event).bind(receiver);
        let row = tx.optional(result).await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        let (state, failures): (String, i32) = (row.try_get("state")?, row.try_get("failures")?);
        let accepted = state == "accepted";
        let ended = accepted || failures > 0;
        let (status, failure) = (row.try_get("status")?, row.try_get("failure")?);
        Ok(ended.then_some(TestResult { accepted, status, failure }))
    }

    /// Makes a bus of Amazon EventBridge the receiver of all events; `None`: there is none.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn put_bus(&self, name: Option<&str>) -> Result<bool, StoreError> {
        let put = sql(include_str!("../sql/receiver/bus.sql")).bind(name.unwrap_or_default().to_owned());
        self.change(put).await
    }
}

fn read_receiver(row: &PgRow) -> Result<Receiver, StoreError> {
    Ok(Receiver {
        id: row.try_get("id")?,
        tenant: row.try_get("tenant")?,
        name: row.try_get("name")?,
        kind: row.try_get("kind")?,
        address: row.try_get("address")?,
        types: row.try_get("types")?,
        created_micros: row.try_get("created")?,
        accepted_micros: row.try_get("accepted")?,
        disabled_micros: row.try_get("disabled")?,
        disabled_reason: row.try_get("disabled_reason")?,
        waiting: count(row, "waiting")?,
        failed: count(row, "failed")?,
    })
}

fn read_sent(row: &PgRow) -> Result<SentEvent, StoreError> {
    Ok(SentEvent {
        event: row.try_get("id")?,
        event_type: row.try_get("type")?,
        export: row.try_get("export_id")?,
        at_micros: row.try_get("at")?,
        state: row.try_get("state")?,
        attempts: row.try_get("attempt")?,
        status: row.try_get("status")?,
        failure: row.try_get("failure")?,
        tried_micros: row.try_get("tried")?,
        next_micros: row.try_get("next")?,
    })
}
