//! The catalog in force with its estimates: decoded in the memory of this process, as bytes in the shared cache.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ports::cache::{Entry, Filled};
use store::{Applied, Store, StoreError};

use super::Shared;
use crate::rate_limit::{Pace, TokenBucket};

/// Maximum rate at which this process checks for a newer catalog because of an unknown name. Names are chosen by the
/// callers, so the rate is limited for all of them together.
const LOOKS: Pace = Pace { per_second: 1.0, burst: 5.0 };

/// Cache of the catalog in force.
pub(crate) struct Catalogs {
    keep: Duration,
    shared: Shared,
    known: Mutex<Option<(Arc<Applied>, Instant)>>,
    looks: Mutex<TokenBucket>,
}

impl Catalogs {
    pub(crate) fn new(keep: Duration, shared: Shared) -> Self {
        Self {
            keep,
            shared,
            known: Mutex::default(),
            looks: Mutex::new(TokenBucket::full(LOOKS, Instant::now())),
        }
    }

    /// Returns the catalog applied last, which may be out of date by the cache lifetime; `None` before the first
    /// catalog.
    pub(crate) async fn in_force(&self, store: &Store) -> Result<Option<Arc<Applied>>, StoreError> {
        if let Some(applied) = self.remembered() {
            return Ok(Some(applied));
        }
        let key = self.shared.keyring.catalog();
        let asked = Instant::now();
        let fill = || async {
            let applied = store.applied_catalog().await?;
            let value = applied.as_ref().map(encode).unwrap_or_default();
            // The time of the query counts towards the lifetime: the catalog was in force when the query was sent.
            let keep = self.keep.checked_sub(asked.elapsed()).filter(|_| !value.is_empty());
            Ok::<_, StoreError>(Filled { value, keep })
        };
        let entry = self.shared.through.read(&key, fill).await?;
        let applied = match decode(&entry.value) {
            Some(applied) => Some(applied),
            None if entry.value.is_empty() => None,
            None => {
                // An entry this release cannot decode. It cannot occur as long as cache versions are raised.
                self.shared.through.cache().remove(&key).await;
                store.applied_catalog().await?
            }
        };
        let Some(applied) = applied.map(Arc::new) else { return Ok(None) };
        *self.known() = Some((applied.clone(), Instant::now() + entry.left));
        Ok(Some(applied))
    }

    /// Reads the catalog applied last from the store, after the cached one was found to be out of date.
    pub(crate) async fn refresh(&self, store: &Store) -> Result<Option<Arc<Applied>>, StoreError> {
        let asked = Instant::now();
        let Some(applied) = store.applied_catalog().await?.map(Arc::new) else { return Ok(None) };
        let left = self.keep.saturating_sub(asked.elapsed());
        let entry = Entry { value: encode(&applied), left };
        self.shared.through.cache().put(&self.shared.keyring.catalog(), &entry).await;
        *self.known() = Some((applied.clone(), asked + self.keep));
        Ok(Some(applied))
    }

    /// Returns the catalog in force if it differs from `than`. Called before a request is rejected because of a name
    /// that `than` does not contain.
    pub(crate) async fn newer(
        &self,
        store: &Store,
        than: &Applied,
    ) -> Result<Option<Arc<Applied>>, StoreError> {
        let may = self.looks.lock().unwrap_or_else(PoisonError::into_inner).take(LOOKS, Instant::now());
        if may.is_err() || store.revision_in_force().await?.is_none_or(|id| id == than.revision_id) {
            return Ok(None);
        }
        self.refresh(store).await
    }

    fn remembered(&self) -> Option<Arc<Applied>> {
        let known = self.known();
        let (applied, until) = known.as_ref()?;
        (Instant::now() < *until).then(|| applied.clone())
    }

    fn known(&self) -> MutexGuard<'_, Option<(Arc<Applied>, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn encode(applied: &Applied) -> Bytes {
    // An empty value means that there is no catalog.
    serde_json::to_vec(applied).expect("a catalog is plain JSON").into()
}

fn decode(value: &Bytes) -> Option<Applied> {
    serde_json::from_slice(value).ok()
}
