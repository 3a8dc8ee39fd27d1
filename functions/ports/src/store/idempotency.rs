//! Idempotency keys: a request that is sent again is the same export.

use export::id::{ExportId, TenantId};
use sqlx::Row;

use super::accept::{AcceptError, NewExport};
use super::connection::{Store, Tx, sql};
use super::error::StoreError;
use super::ranges::export_id;

/// An idempotency key and the hashes of the body it came with. A body is the same if either is: the first
/// knows two ways of writing one request, the second knows a repeat although the catalog has changed and the
/// body would be read otherwise now, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key, as the caller wrote it.
    pub key: String,
    /// SHA-256 of the canonical body.
    pub body_sha256: [u8; 32],
    /// SHA-256 of the body as it was sent, keys sorted.
    pub sent_sha256: [u8; 32],
}

impl Store {
    /// The export that a request with this key and body made; `None` if there is none, or it had another
    /// body. Asked when a request cannot be read against the catalog in force: a repeat needs no reading.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn replayed(
        &self,
        tenant: &TenantId,
        key: &str,
        sent_sha256: &[u8; 32],
    ) -> Result<Option<ExportId>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(
            "select export_id::text from sluice.idempotency where tenant = $1 and key = $2 and sent_sha256 = $3",
        );
        let row = tx.optional(find.bind(tenant.as_str()).bind(key).bind(&sent_sha256[..])).await?;
        tx.commit().await?;
        row.map(|row| export_id(&row, "export_id")).transpose()
    }
}

/// Takes the key for this export, or answers the export that has it. A second request with the same
/// key waits here until the first is decided.
pub(super) async fn claim_key(
    tx: &mut Tx,
    new: &NewExport,
    idempotency: &Idempotency,
) -> Result<Option<ExportId>, AcceptError> {
    let insert = sql("insert into sluice.idempotency (tenant, key, body_sha256, export_id, sent_sha256) values ($1, $2, $3, $4::text::uuid, $5) on conflict do nothing")
        .bind(new.tenant.as_str())
        .bind(&idempotency.key)
        .bind(&idempotency.body_sha256[..])
        .bind(new.id.to_string())
        .bind(&idempotency.sent_sha256[..]);
    if tx.run(insert).await? == 1 {
        return Ok(None);
    }
    let find =
        sql("select body_sha256 = $3 or sent_sha256 = $4 as same, export_id::text from sluice.idempotency where tenant = $1 and key = $2")
            .bind(new.tenant.as_str())
            .bind(&idempotency.key)
            .bind(&idempotency.body_sha256[..])
            .bind(&idempotency.sent_sha256[..]);
    let Some(row) = tx.optional(find).await? else {
        // Its export was deleted between the two statements.
        return Err(StoreError::Conflict("the idempotency key vanished".into()).into());
    };
    // Null where only the canonical body is known, from before the other was kept.
    match row.try_get::<Option<bool>, _>("same").map_err(StoreError::from)? {
        Some(true) => Ok(Some(export_id(&row, "export_id")?)),
        _ => Err(AcceptError::KeyReused),
    }
}
