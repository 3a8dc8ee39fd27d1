//! Deliveries: copies of the files of exports to destinations, after they have succeeded.
//!
//! `due → sent → running → delivered | failed`, with leases, fences and repeated messages as for chunks. A trigger makes a
//! delivery due in the transaction in which its export succeeds (`0040_destinations.sql`).

use export::delivery::{DeliveryFailure, DeliveryState, MAX_FAILURES_KEPT};
use export::destination::{Destination, Destinations};
use export::id::{ChunkId, ExportId, TenantId};
use ports::queue::{Message, Queue};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;

use super::connection::{Statement, Store, sql};
use super::error::StoreError;
use super::notices;
use super::ranges::{count, export_id, json, optional_count, optional_json};

/// Maximum number of deliveries that one call sends.
const MAX_SENT: i64 = 100;

/// A delivery that an attempt has leased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryLease {
    /// The export.
    pub export: ExportId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Number of the attempt, which fences those before it.
    pub attempt: i32,
    /// Number of attempts that failed since the delivery became due.
    pub failures: u32,
    /// Name of the destination.
    pub destination: String,
    /// The destination; `None` if it was removed, or the tenant may no longer use it.
    pub definition: Option<Destination>,
    /// Key of the manifest in the bucket of files; `None` if the export has lost it meanwhile.
    pub manifest_key: Option<String>,
    /// True if a later export has been delivered to the same destination.
    pub superseded: bool,
}

/// Number of files of an export that are at a destination, with their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files to copy.
    pub total: u64,
    /// Files that are there.
    pub files: u64,
    /// Bytes of these.
    pub bytes: u64,
}

/// Delivery of an export as its tenant sees it. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportDelivery {
    /// Name of the destination.
    pub destination: String,
    /// Its state.
    pub state: DeliveryState,
    /// Files to copy, once that is known.
    pub files_total: Option<u64>,
    /// Files that are there.
    pub files_done: u64,
    /// Bytes of these.
    pub bytes_done: u64,
    /// Address of the manifest.
    pub manifest: Option<String>,
    /// Time of the end.
    pub delivered_micros: Option<i64>,
    /// Time of the next attempt after a failed one.
    pub next_micros: Option<i64>,
    /// The last failures, oldest first.
    pub errors: Vec<DeliveryFailure>,
}

/// Marks due deliveries as sent and sends a message for each: the id of its export. If events are due, sends a message for
/// them as well. Returns the number of deliveries sent. Safe to call at any time and from any number of processes.
///
/// # Errors
/// If the store cannot be reached. A queue that cannot be reached only causes a delay.
pub async fn run(store: &Store, queue: &dyn Queue) -> Result<usize, StoreError> {
    let sent = send(store, queue).await?;
    notices::wake(store, queue).await?;
    Ok(sent)
}

/// Marks due deliveries as sent and sends their messages.
///
/// # Errors
/// If the store cannot be reached.
pub async fn send(store: &Store, queue: &dyn Queue) -> Result<usize, StoreError> {
    let due = store.due_deliveries().await?;
    if due.is_empty() {
        return Ok(0);
    }
    let messages: Vec<_> = due.iter().map(|export| Message { chunk: ChunkId::from(export.uuid()) }).collect();
    let refused = queue.send(&messages).await.unwrap_or_else(|error| {
        tracing::warn!(
            error = ports::telemetry::chain(&error),
            "the queue of deliveries did not take messages"
        );
        messages.clone()
    });
    if !refused.is_empty() {
        let exports: Vec<_> = refused.iter().map(|message| ExportId::from(message.chunk.uuid())).collect();
        store.take_back_deliveries(&exports).await?;
    }
    Ok(messages.len() - refused.len())
}

impl Store {
    /// Returns all destinations.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn destinations(&self) -> Result<Destinations, StoreError> {
        let mut tx = self.begin().await?;
        let rows = tx.all(sql("select name, body from sluice.destination")).await?;
        tx.commit().await?;
        rows.iter().map(|row| Ok((row.try_get("name")?, json(row, "body")?))).collect()
    }

    /// Replaces all destinations. Deliveries that are under way continue with the definition with which they began.
    ///
    /// # Errors
    /// If the store cannot be reached; the destinations of before then remain.
    pub async fn put_destinations(&self, destinations: &Destinations) -> Result<(), StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let put = sql(include_str!("../sql/delivery/put.sql"))
                .bind(destinations.keys().cloned().collect::<Vec<_>>())
                .bind(destinations.values().map(Json).collect::<Vec<_>>());
            tx.run(put).await?;
            tx.commit().await
        })
        .await
    }

    async fn due_deliveries(&self) -> Result<Vec<ExportId>, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let rows = tx.all(sql(include_str!("../sql/delivery/due.sql")).bind(MAX_SENT)).await?;
            tx.commit().await?;
            rows.iter().map(|row| export_id(row, "id")).collect()
        })
        .await
    }

    async fn take_back_deliveries(&self, exports: &[ExportId]) -> Result<(), StoreError> {
        let ids: Vec<_> = exports.iter().map(|export| export.uuid()).collect();
        let take_back = sql(include_str!("../sql/delivery/take_back.sql")).bind(ids);
        self.change(take_back).await.map(|_| ())
    }

    /// Leases the delivery of an export. `None` if no attempt is due: the message is a repeated one.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn lease_delivery(
        &self,
        export: ExportId,
        secs: u32,
    ) -> Result<Option<DeliveryLease>, StoreError> {
        let mut tx = self.begin().await?;
        let lease = sql(include_str!("../sql/delivery/lease.sql"));
        let row = tx.optional(lease.bind(export.uuid()).bind(i64::from(secs))).await?;
        tx.commit().await?;
        row.map(|row| read_lease(export, &row)).transpose()
    }

    /// Notes the progress of an attempt and renews its lease. False if the attempt is over: another one has begun, or the
    /// export has lost its files.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn note_delivery(
        &self,
        lease: &DeliveryLease,
        copied: Copied,
        secs: u32,
    ) -> Result<bool, StoreError> {
        let note = fenced(include_str!("../sql/delivery/note.sql"), lease)
            .bind(signed(copied.files))
            .bind(signed(copied.total))
            .bind(signed(copied.bytes))
            .bind(i64::from(secs));
        self.change(note).await
    }

    /// Records that everything is at the destination. `manifest` is the address of the manifest there; `None` if that of a
    /// later export is in its place. False if the attempt is over.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn record_delivery(
        &self,
        lease: &DeliveryLease,
        copied: Copied,
        manifest: Option<&str>,
    ) -> Result<bool, StoreError> {
        let delivered = fenced(include_str!("../sql/delivery/delivered.sql"), lease)
            .bind(signed(copied.files))
            .bind(signed(copied.bytes))
            .bind(manifest.map(str::to_owned));
        self.change(delivered).await
    }

    /// Records a failed attempt. The next one is due after `again_secs`; `None`: there is none. False if the attempt is over.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn fail_delivery(
        &self,
        lease: &DeliveryLease,
        failure: &DeliveryFailure,
        again_secs: Option<u32>,
    ) -> Result<bool, StoreError> {
        let failed = fenced(include_str!("../sql/delivery/failed.sql"), lease)
            .bind(Json(failure.clone()))
            .bind(again_secs.map(i64::from))
            .bind(signed(MAX_FAILURES_KEPT as u64));
        self.change(failed).await
    }

    /// Makes a delivery due at once, because the time of its attempt is over.
    ///
    /// # Errors
    /// If the store cannot be reached; the lease then lapses.
    pub async fn give_back_delivery(&self, lease: &DeliveryLease) -> Result<bool, StoreError> {
        self.change(fenced(include_str!("../sql/delivery/give_back.sql"), lease)).await
    }

    /// Makes a failed delivery of the tenant due at once. False if the export has none, or it has not failed.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn retry_delivery(&self, tenant: &TenantId, export: ExportId) -> Result<bool, StoreError> {
        let retry = sql(include_str!("../sql/delivery/retry.sql"));
        self.change(retry.bind(export.uuid()).bind(tenant.as_str().to_owned())).await
    }
}

/// Returns a statement whose first parameters are the export and the number of the attempt.
fn fenced(text: &'static str, lease: &DeliveryLease) -> Statement<'static> {
    sql(text).bind(lease.export.uuid()).bind(lease.attempt)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn read_lease(export: ExportId, row: &PgRow) -> Result<DeliveryLease, StoreError> {
    let tenant: String = row.try_get("tenant")?;
    let failures: i32 = row.try_get("failures")?;
    Ok(DeliveryLease {
        export,
        tenant: tenant.parse().map_err(|e| StoreError::unreadable("tenant", e))?,
        attempt: row.try_get("attempt")?,
        failures: u32::try_from(failures).map_err(|e| StoreError::unreadable("failures", e))?,
        destination: row.try_get("destination")?,
        definition: optional_json(row, "definition")?,
        manifest_key: row.try_get("manifest_key")?,
        superseded: row.try_get("superseded")?,
    })
}

/// Reads the delivery of an export from the columns of `view/export.sql`.
pub(super) fn read_delivery(row: &PgRow) -> Result<Option<ExportDelivery>, StoreError> {
    let Some(state) = row.try_get::<Option<String>, _>("delivery_state")? else { return Ok(None) };
    Ok(Some(ExportDelivery {
        destination: row.try_get("destination")?,
        state: state.parse().map_err(|e: String| StoreError::unreadable("delivery_state", e))?,
        files_total: optional_count(row, "files_total")?,
        files_done: count(row, "files_done")?,
        bytes_done: count(row, "bytes_done")?,
        manifest: row.try_get("delivered_manifest")?,
        delivered_micros: row.try_get("delivered_at")?,
        next_micros: row.try_get("next_delivery")?,
        errors: json(row, "delivery_errors")?,
    }))
}
