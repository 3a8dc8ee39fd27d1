//! Keys of tenants. Only hashes are kept.

use export::id::{TenantId, hex};
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;
use crate::random;

/// A key as it is listed; the secret is not known.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyInfo {
    /// The public part of the key.
    pub id: String,
    /// Whom it belongs to.
    pub tenant: String,
    /// The operator's note.
    pub label: String,
    /// When it was made, microseconds since 1970.
    pub created_micros: i64,
    /// Whether it works no more.
    pub revoked: bool,
}

/// Whose a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// The tenant.
    pub tenant: TenantId,
    /// How often an export of the tenant's that had ended was changed afterwards, until now.
    pub changes: u64,
}

impl Store {
    /// The owner of a key; `None` if there is no such key, its secret is another, or it was revoked.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn authenticate(
        &self,
        key_id: &str,
        secret_sha256: &[u8; 32],
    ) -> Result<Option<KeyOwner>, StoreError> {
        let mut tx = self.begin().await?;
        // The comparison is over hashes of random secrets: its duration tells nothing about them.
        let find = sql(
            "select k.tenant, coalesce(c.changes, 0) as changes from sluice.api_key k left join sluice.tenant_change c on c.tenant = k.tenant \
             where k.id = $1 and k.secret_sha256 = $2 and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())",
        );
        let row = tx.optional(find.bind(key_id).bind(&secret_sha256[..])).await?;
        tx.commit().await?;
        row.map(|row| {
            let tenant = row.try_get::<String, _>("tenant")?;
            let tenant = tenant.parse().map_err(|e| StoreError::unreadable("tenant", e))?;
            Ok(KeyOwner { tenant, changes: super::ranges::count(&row, "changes")? })
        })
        .transpose()
    }

    /// Makes a key for a tenant, who is made too if new. Answers the whole key; it is shown this once.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn create_key(&self, tenant: &TenantId, label: &str) -> Result<String, StoreError> {
        let id = hex(&random::bytes::<8>());
        let secret = hex(&random::bytes::<32>());
        let hash: [u8; 32] = Sha256::digest(&secret).into();
        let mut tx = self.begin().await?;
        tx.run(
            sql("insert into sluice.tenant (id) values ($1) on conflict do nothing").bind(tenant.as_str()),
        )
        .await?;
        let insert =
            sql("insert into sluice.api_key (id, tenant, label, secret_sha256) values ($1, $2, $3, $4)");
        tx.run(insert.bind(&id).bind(tenant.as_str()).bind(label).bind(&hash[..])).await?;
        tx.commit().await?;
        Ok(format!("slc_{id}_{secret}"))
    }

    /// All keys, oldest first.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, StoreError> {
        let mut tx = self.begin().await?;
        let rows = tx.all(sql("select id, tenant, label, sluice.micros(created_at) as created, revoked_at is not null as revoked from sluice.api_key order by created_at, id")).await?;
        tx.commit().await?;
        let read = |row: &sqlx::postgres::PgRow| {
            Ok(KeyInfo {
                id: row.try_get("id")?,
                tenant: row.try_get("tenant")?,
                label: row.try_get("label")?,
                created_micros: row.try_get("created")?,
                revoked: row.try_get("revoked")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Revokes a key at once; false if there is none of that id that still works.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn revoke_key(&self, key_id: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let revoked = tx.run(sql("update sluice.api_key set revoked_at = clock_timestamp() where id = $1 and revoked_at is null").bind(key_id)).await? == 1;
        tx.commit().await?;
        Ok(revoked)
    }

    /// How many tenants there are.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn tenants(&self) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let row = tx.one(sql("select count(*) as n from sluice.tenant")).await?;
        tx.commit().await?;
        super::ranges::count(&row, "n")
    }
}
