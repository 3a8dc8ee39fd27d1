//! Idempotency keys: a repeated request returns the same export.

use export::id::{ExportId, TenantId};

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::export_id;

/// An idempotency key and the hashes of the body sent with it. Two bodies are the same if either hash matches: the
/// first recognises two ways of writing one request, the second recognises a repeat even if the catalog has changed
/// and the body would now be resolved differently, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Key as the client wrote it.
    pub key: String,
    /// SHA-256 of the canonical body.
    pub body_sha256: [u8; 32],
    /// SHA-256 of the body as it was sent, keys sorted.
    pub sent_sha256: [u8; 32],
}

impl Store {
    /// Returns the export that a request with this key and body created; `None` if there is none, or if it had
    /// another body. Used when a request cannot be resolved against the catalog in force, since a repeat does not
    /// need that.
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
            "select export_id from sluice.idempotency where tenant = $1 and key = $2 and sent_sha256 = $3",
        );
        let row = tx.optional(find.bind(tenant.as_str()).bind(key).bind(&sent_sha256[..])).await?;
        tx.commit().await?;
        row.map(|row| export_id(&row, "export_id")).transpose()
    }
}
