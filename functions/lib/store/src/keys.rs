//! API keys of tenants. Only their hashes are stored.

use export::access::Access;
use export::id::{TenantId, hex};
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgRow;
use subtle::ConstantTimeEq;

use super::connection::{Store, Tx, sql};
use super::error::StoreError;
use ports::random;

/// A key as it is listed, without its secret, which is not stored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyInfo {
    /// The public part of the key.
    pub id: String,
    /// Tenant it belongs to.
    pub tenant: String,
    /// Note of the operator.
    pub label: String,
    /// Datasets it may access; `None` for all.
    pub datasets: Option<Vec<String>>,
    /// True if it allows reading only.
    pub read_only: bool,
    /// Time of creation, microseconds since 1970.
    pub created_micros: i64,
    /// Time of expiry, microseconds since 1970; `None` if it does not expire.
    pub expires_micros: Option<i64>,
    /// True if it has expired.
    pub expired: bool,
    /// Time of last use, accurate to some minutes, microseconds since 1970; `None` if never used.
    pub last_used_micros: Option<i64>,
    /// True if it was revoked.
    pub revoked: bool,
}

/// A key to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Tenant it belongs to.
    pub tenant: TenantId,
    /// Note of the operator.
    pub label: String,
    /// Access it allows.
    pub access: Access,
    /// Seconds until it expires; `None` if it does not expire.
    pub expires_secs: Option<u64>,
}

/// Outcome of rotating a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The whole new key; it is shown only this once.
    pub key: String,
    /// Owner, note, access and lifetime of the new key.
    pub new: NewKey,
    /// Time at which the old key expires, microseconds since 1970.
    pub old_ends_micros: i64,
}

/// Owner of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// The tenant.
    pub tenant: TenantId,
    /// Number of changes made so far to ended exports of the tenant.
    pub changes: u64,
    /// Access the key allows.
    pub access: Access,
}

impl Store {
    /// Returns the owner of a key; `None` if there is no such key, its secret differs, or it was revoked or has
    /// expired. Records roughly when it was used.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn authenticate(
        &self,
        key_id: &str,
        secret_sha256: &[u8; 32],
    ) -> Result<Option<KeyOwner>, StoreError> {
        let mut tx = self.begin().await?;
        // Found by its id, which is not secret. The hash is compared here in constant time, because a comparison in
        // SQL would end at the first byte that differs.
        let find = sql(include_str!("../sql/keys/find.sql"));
        let Some(row) = tx.optional(find.bind(key_id)).await? else {
            tx.commit().await?;
            return Ok(None);
        };
        let kept: Vec<u8> = row.try_get("secret_sha256")?;
        let same = bool::from(kept.ct_eq(&secret_sha256[..]));
        if !(same && row.try_get::<bool, _>("works")?) {
            tx.commit().await?;
            return Ok(None);
        }
        if row.try_get::<bool, _>("unnoted")? {
            note_use(&mut tx, key_id).await?;
        }
        tx.commit().await?;
        let tenant = row.try_get::<String, _>("tenant")?;
        let tenant = tenant.parse().map_err(|e| StoreError::unreadable("tenant", e))?;
        Ok(Some(KeyOwner { tenant, changes: super::ranges::count(&row, "changes")?, access: access(&row)? }))
    }

    /// Returns a tenant authenticated by an identity provider, creating it if it is new. Its access is determined by
    /// the token.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn vouched(&self, tenant: &TenantId) -> Result<KeyOwner, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(include_str!("../sql/keys/vouched.sql"));
        let changes = match tx.optional(find.bind(tenant.as_str())).await? {
            Some(row) => super::ranges::count(&row, "changes")?,
            None => {
                add_tenant(&mut tx, tenant).await?;
                0
            }
        };
        tx.commit().await?;
        Ok(KeyOwner { tenant: tenant.clone(), changes, access: Access::full() })
    }

    /// Creates a key with full access for a tenant; see [`Store::create_key_for`].
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn create_key(&self, tenant: &TenantId, label: &str) -> Result<String, StoreError> {
        let (tenant, label) = (tenant.clone(), label.to_owned());
        self.create_key_for(&NewKey { tenant, label, access: Access::full(), expires_secs: None }).await
    }

    /// Creates a key for a tenant, creating the tenant if it is new. Returns the whole key, which is shown only this
    /// once.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn create_key_for(&self, new: &NewKey) -> Result<String, StoreError> {
        let mut tx = self.begin().await?;
        add_tenant(&mut tx, &new.tenant).await?;
        let key = insert_key(&mut tx, new).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// Creates a key like the key `id`, which then expires after `overlap_secs` unless it expires earlier.
    /// `lives_secs` returns the lifetime of the new key, given the lifetime in seconds of the old one. Returns `None`
    /// if there is no valid key of that id.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn rotate_key(
        &self,
        id: &str,
        overlap_secs: u64,
        lives_secs: impl FnOnce(Option<u64>) -> Option<u64>,
    ) -> Result<Option<Rotated>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(include_str!("../sql/keys/rotatable.sql"));
        let Some(row) = tx.optional(find.bind(id)).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        let tenant = row.try_get::<String, _>("tenant")?;
        let tenant = tenant.parse().map_err(|e| StoreError::unreadable("tenant", e))?;
        let lived = row.try_get::<Option<i64>, _>("lived")?.and_then(|secs| u64::try_from(secs).ok());
        let (label, access) = (row.try_get("label")?, access(&row)?);
        let new = NewKey { tenant, label, access, expires_secs: lives_secs(lived) };
        let key = insert_key(&mut tx, &new).await?;
        if let Some((new_id, _)) = export::key::read(&key) {
            tx.run(sql(include_str!("../sql/saved/rotate.sql")).bind(id).bind(new_id)).await?;
        }
        let end = sql(include_str!("../sql/keys/end.sql"));
        let row = tx.one(end.bind(id).bind(i64::try_from(overlap_secs).unwrap_or(i64::MAX))).await?;
        let old_ends_micros = row.try_get("ends")?;
        tx.commit().await?;
        Ok(Some(Rotated { key, new, old_ends_micros }))
    }

    /// Returns all keys, oldest first.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, StoreError> {
        let mut tx = self.begin().await?;
        let rows = tx.all(sql(include_str!("../sql/keys/list.sql"))).await?;
        tx.commit().await?;
        let read = |row: &PgRow| {
            Ok(KeyInfo {
                id: row.try_get("id")?,
                tenant: row.try_get("tenant")?,
                label: row.try_get("label")?,
                datasets: row.try_get("datasets")?,
                read_only: row.try_get("read_only")?,
                created_micros: row.try_get("created")?,
                expires_micros: row.try_get("expires")?,
                expired: row.try_get("expired")?,
                last_used_micros: row.try_get("used")?,
                revoked: row.try_get("revoked")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Revokes a key at once. Returns false if there is no valid key of that id.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn revoke_key(&self, key_id: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let revoke = sql(
            "update sluice.api_key set revoked_at = clock_timestamp() where id = $1 and revoked_at is null",
        );
        let revoked = tx.run(revoke.bind(key_id)).await? == 1;
        tx.commit().await?;
        Ok(revoked)
    }

    /// Returns the number of tenants.
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

/// Records that a key is used, unless another process has just done so.
async fn note_use(tx: &mut Tx, key_id: &str) -> Result<(), StoreError> {
    let note = sql(include_str!("../sql/keys/note_use.sql"));
    tx.run(note.bind(key_id)).await.map(|_| ())
}

async fn insert_key(tx: &mut Tx, new: &NewKey) -> Result<String, StoreError> {
    let id = hex(&random::bytes::<8>());
    let secret = hex(&random::bytes::<32>());
    let hash: [u8; 32] = Sha256::digest(&secret).into();
    let datasets = new.access.datasets.as_ref().map(|names| names.iter().cloned().collect::<Vec<_>>());
    let expires_secs = new.expires_secs.map(|secs| i64::try_from(secs).unwrap_or(i64::MAX));
    let insert = sql(include_str!("../sql/keys/insert.sql"));
    let insert = insert.bind(&id).bind(new.tenant.as_str()).bind(&new.label).bind(&hash[..]);
    tx.run(insert.bind(datasets).bind(!new.access.writes).bind(expires_secs)).await?;
    Ok(export::key::write(&id, &secret))
}

async fn add_tenant(tx: &mut Tx, tenant: &TenantId) -> Result<(), StoreError> {
    let insert = sql("insert into sluice.tenant (id) values ($1) on conflict do nothing");
    tx.run(insert.bind(tenant.as_str())).await.map(|_| ())
}

fn access(row: &PgRow) -> Result<Access, StoreError> {
    let datasets = row.try_get::<Option<Vec<String>>, _>("datasets")?;
    Ok(Access {
        datasets: datasets.map(|names| names.into_iter().collect()),
        writes: !row.try_get::<bool, _>("read_only")?,
    })
}
