//! Notices: events on their way to receivers. Triggers record them in the transaction of the state (`0042_events.sql`).
//!
//! `due → sent → accepted | failed`. A sent notice whose receipt does not arrive is due again, so an event is sent at least
//! once. Those of one export reach a receiver in order: the next one waits for the one before it.

use export::event::{AttemptToSend, Event, EventType, Letter, Place, RETRY_AFTER_SECS, Receipt};
use export::id::ChunkId;
use export::webhook::MAX_AGE_SECS;
use ports::queue::{Letters, Message, Queue};
use ports::signature;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{export_id, json};

/// Maximum number of events that are under way to one receiver.
const MAX_UNDER_WAY: i64 = 10;

/// Seconds after which the message of an attempt is considered lost, if no receipt has arrived. It is longer than a message
/// is sent and an attempt takes.
const LOST_AFTER_SECS: i64 = MAX_AGE_SECS + 60;

/// Secret of a webhook that signs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptSecret {
    secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
}

impl KeptSecret {
    /// Makes a secret that signs until it is rotated.
    pub(super) fn new(secret: &str) -> Self {
        Self { secret: secret.to_owned(), until: None }
    }
}

/// Outcome of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// True if the receiver has been disabled because of it.
    pub disabled: bool,
    /// Seconds until the next attempt; `None` if there is none.
    pub again_secs: Option<u32>,
}

/// Sends a message for every event that is due to `letters`, which leads to the function outside the VPC. Returns their
/// number. Safe to call at any time and from any number of processes.
///
/// # Errors
/// If the store cannot be reached. A queue that cannot be reached only causes a delay.
pub async fn run(store: &Store, letters: &dyn Letters) -> Result<usize, StoreError> {
    let due = store.due_letters().await?;
    if due.is_empty() {
        return Ok(0);
    }
    let texts = due.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
    let texts = texts.map_err(|error| StoreError::unreadable("event", error))?;
    let refused = letters.post(&texts).await.unwrap_or_else(|error| {
        tracing::warn!(error = ports::telemetry::chain(&error), "the queue of events did not take messages");
        (0..due.len()).collect()
    });
    let refused: Vec<_> = refused.iter().filter_map(|i| due.get(*i)).map(|letter| letter.attempt).collect();
    if !refused.is_empty() {
        store.take_back_letters(&refused).await?;
    }
    Ok(due.len() - refused.len())
}

/// Returns a message for the queue of deliveries that is about no delivery. Every message there lets events be sent.
pub fn wake_message() -> Message {
    Message { chunk: ChunkId::from(Uuid::nil()) }
}

/// Sends a message to the queue of deliveries if an event is due, so that the function that reads it sends events.
///
/// # Errors
/// If the store cannot be reached. A queue that cannot be reached only causes a delay.
pub async fn wake(store: &Store, queue: &dyn Queue) -> Result<bool, StoreError> {
    if !store.are_events_due().await? {
        return Ok(false);
    }
    if let Err(error) = queue.send_later(wake_message(), 0).await {
        tracing::warn!(error = ports::telemetry::chain(&error), "events are sent with the next sweep");
    }
    Ok(true)
}

impl Store {
    async fn are_events_due(&self) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.one(sql(include_str!("../sql/event/are_due.sql"))).await?;
        tx.commit().await?;
        Ok(row.try_get("due")?)
    }

    async fn due_letters(&self) -> Result<Vec<Letter>, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let due = sql(include_str!("../sql/event/due.sql")).bind(MAX_UNDER_WAY).bind(LOST_AFTER_SECS);
            let rows = tx.all(due).await?;
            tx.commit().await?;
            rows.iter().map(letter).collect()
        })
        .await
    }

    async fn take_back_letters(&self, attempts: &[AttemptToSend]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let take_back = sql(include_str!("../sql/event/take_back.sql"))
            .bind(attempts.iter().map(|one| one.event).collect::<Vec<_>>())
            .bind(attempts.iter().map(|one| one.receiver).collect::<Vec<_>>())
            .bind(attempts.iter().map(|one| one.number).collect::<Vec<_>>());
        tx.run(take_back).await?;
        tx.commit().await
    }

    /// Records the result of an attempt to send. `None` if it changes nothing, because a later attempt has begun or the
    /// receipt is a repeated one.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn record_receipt(&self, receipt: &Receipt) -> Result<Option<Recorded>, StoreError> {
        self.again(|| async {
            let attempt = receipt.attempt;
            let status = receipt.status.map(i32::from);
            let mut tx = self.begin().await?;
            let recorded = match &receipt.failure {
                None => {
                    let accepted = sql(include_str!("../sql/event/accepted.sql"));
                    let accepted = accepted.bind(attempt.event).bind(attempt.receiver).bind(status);
                    (tx.run(accepted).await? > 0).then_some(Recorded { disabled: false, again_secs: None })
                }
                Some(failure) => {
                    let refused = sql(include_str!("../sql/event/refused.sql"))
                        .bind(attempt.event)
                        .bind(attempt.receiver)
                        .bind(attempt.number)
                        .bind(status)
                        .bind(failure.clone())
                        .bind(RETRY_AFTER_SECS.to_vec())
                        .bind(receipt.retry_after_secs.map(i64::from))
                        .bind(receipt.is_gone());
                    let row = tx.one(refused).await?;
                    let (disabled, again) =
                        (row.try_get("disabled")?, row.try_get::<Option<i64>, _>("again")?);
                    let again_secs = again.and_then(|secs| u32::try_from(secs).ok());
                    row.try_get::<bool, _>("found")?.then_some(Recorded { disabled, again_secs })
                }
            };
            tx.commit().await?;
            Ok(recorded)
        })
        .await
    }

    /// Deletes events that are older than `days`. Returns their number, which is `limit` if there may be more.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn prune_events(&self, limit: i64, days: i64) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let gone = tx.run(sql(include_str!("../sql/event/prune.sql")).bind(limit).bind(days)).await?;
        tx.commit().await?;
        Ok(usize::try_from(gone).unwrap_or(usize::MAX))
    }
}

fn letter(row: &PgRow) -> Result<Letter, StoreError> {
    let event = read_event(row)?;
    let now: i64 = row.try_get("now")?;
    let attempt = AttemptToSend {
        event: event.id,
        receiver: row.try_get("receiver_id")?,
        number: row.try_get("attempt")?,
    };
    let body = event.to_cloud_event().to_string();
    let address: String = row.try_get("address")?;
    let to = match row.try_get::<String, _>("kind")?.as_str() {
        "bus" => Place::Bus { name: address },
        _ => signed(address, event.id, now, &body, &json::<Vec<KeptSecret>>(row, "secrets")?),
    };
    Ok(Letter {
        attempt,
        to,
        event_type: event.kind.as_str().to_owned(),
        body,
        made_at: now.div_euclid(1_000_000),
    })
}

/// Makes the place of a webhook, with a signature by each secret that is still in force.
fn signed(url: String, id: Uuid, now: i64, body: &str, secrets: &[KeptSecret]) -> Place {
    let timestamp = now.div_euclid(1_000_000);
    let id = id.to_string();
    let in_force = secrets.iter().filter(|one| one.until.is_none_or(|until| until > now));
    let signatures: Vec<_> =
        in_force.map(|one| signature::of_webhook(&one.secret, &id, timestamp, body)).collect();
    Place::Webhook { url, id, timestamp: timestamp.to_string(), signature: signatures.join(" ") }
}

fn read_event(row: &PgRow) -> Result<Event, StoreError> {
    let kind: String = row.try_get("type")?;
    let tenant: String = row.try_get("tenant")?;
    Ok(Event {
        id: row.try_get("id")?,
        kind: EventType::of(&kind).ok_or_else(|| StoreError::unreadable("type", kind))?,
        tenant: tenant.parse().map_err(|e| StoreError::unreadable("tenant", e))?,
        export: export_id(row, "export_id")?,
        at_micros: row.try_get("at")?,
        data: json(row, "data")?,
    })
}
