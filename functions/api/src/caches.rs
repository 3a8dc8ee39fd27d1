//! What is remembered for a few seconds: whose key it was, and the catalog. Only answers of the store are
//! kept, never its failures, and no refusal: a new key works at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use export::id::TenantId;
use ports::store::{Applied, Store, StoreError};

use crate::key::Presented;

/// Keys remembered at most; a process that sees more forgets all and begins anew.
const MOST_KEYS: usize = 4096;

/// Keys that were right, by their hash.
pub(crate) struct Keys {
    keep: Duration,
    known: Mutex<HashMap<Presented, (TenantId, Instant)>>,
}

impl Keys {
    pub(crate) fn new(keep: Duration) -> Self {
        Self { keep, known: Mutex::default() }
    }

    /// Whose key it is; `None` if it is unknown, revoked or expired.
    pub(crate) async fn tenant(
        &self,
        key: &Presented,
        store: &Store,
    ) -> Result<Option<TenantId>, StoreError> {
        if let Some(tenant) = self.remembered(key) {
            return Ok(Some(tenant));
        }
        let tenant = store.authenticate(&key.id, &key.secret_sha256).await?;
        if let Some(tenant) = &tenant {
            self.remember(key.clone(), tenant.clone());
        }
        Ok(tenant)
    }

    fn remembered(&self, key: &Presented) -> Option<TenantId> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (tenant, since) = known.get(key)?;
        (since.elapsed() < self.keep).then(|| tenant.clone())
    }

    pub(crate) fn remember(&self, key: Presented, tenant: TenantId) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KEYS {
            known.clear();
        }
        known.insert(key, (tenant, Instant::now()));
    }
}

/// The catalog in force.
pub(crate) struct Catalogs {
    keep: Duration,
    known: Mutex<Option<(Arc<Applied>, Instant)>>,
}

impl Catalogs {
    pub(crate) fn new(keep: Duration) -> Self {
        Self { keep, known: Mutex::default() }
    }

    /// The catalog applied last; `None` before the first.
    pub(crate) async fn in_force(&self, store: &Store) -> Result<Option<Arc<Applied>>, StoreError> {
        if let Some(applied) = self.remembered() {
            return Ok(Some(applied));
        }
        let applied = store.applied_catalog().await?.map(Arc::new);
        if let Some(applied) = &applied {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            *known = Some((applied.clone(), Instant::now()));
        }
        Ok(applied)
    }

    fn remembered(&self) -> Option<Arc<Applied>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (applied, since) = known.as_ref()?;
        (since.elapsed() < self.keep).then(|| applied.clone())
    }
}
