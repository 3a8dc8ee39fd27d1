//! The catalog in force with its estimates: decoded in this process, as bytes in the shared cache.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ports::cache::{Entry, Filled};
use ports::store::{Applied, Store, StoreError};

use super::Shared;
use crate::bucket::{Bucket, Pace};

/// How often this process asks whether another catalog is in force because a name is unknown. Names are the callers' to
/// write, so it is bounded whoever they are.
const LOOKS: Pace = Pace { per_second: 1.0, burst: 5.0 };

/// The catalog in force.
pub(crate) struct Catalogs {
    keep: Duration,
    shared: Shared,
    known: Mutex<Option<(Arc<Applied>, Instant)>>,
    looks: Mutex<Bucket>,
}

impl Catalogs {
    pub(crate) fn new(keep: Duration, shared: Shared) -> Self {
        Self { keep, shared, known: Mutex::default(), looks: Mutex::new(Bucket::full(LOOKS, Instant::now())) }
    }

    /// The catalog applied last, or one that was so within the time that it is believed for; `None` before the first.
    pub(crate) async fn in_force(&self, store: &Store) -> Result<Option<Arc<Applied>>, StoreError> {
        if let Some(applied) = self.remembered() {
            return Ok(Some(applied));
        }
        let key = self.shared.keyring.catalog();
        let asked = Instant::now();
        let fill = || async {
            let applied = store.applied_catalog().await?;
            let value = applied.as_ref().map(encode).unwrap_or_default();
            // The time that it took to ask counts: it was in force when it was asked for.
            let keep = self.keep.checked_sub(asked.elapsed()).filter(|_| !value.is_empty());
            Ok::<_, StoreError>(Filled { value, keep })
        };
        let entry = self.shared.through.read(&key, fill).await?;
        let applied = match decode(&entry.value) {
            Some(applied) => Some(applied),
            None if entry.value.is_empty() => None,
            None => {
                // Written by something that is not this release: never, as long as versions are raised.
                self.shared.through.cache().remove(&key).await;
                store.applied_catalog().await?
            }
        };
        let Some(applied) = applied.map(Arc::new) else { return Ok(None) };
        *self.known() = Some((applied.clone(), Instant::now() + entry.left));
        Ok(Some(applied))
    }

    /// The catalog applied last, from the store: another one was found to be in force than the one remembered.
    pub(crate) async fn refresh(&self, store: &Store) -> Result<Option<Arc<Applied>>, StoreError> {
        let asked = Instant::now();
        let Some(applied) = store.applied_catalog().await?.map(Arc::new) else { return Ok(None) };
        let left = self.keep.saturating_sub(asked.elapsed());
        let entry = Entry { value: encode(&applied), left };
        self.shared.through.cache().put(&self.shared.keyring.catalog(), &entry).await;
        *self.known() = Some((applied.clone(), asked + self.keep));
        Ok(Some(applied))
    }

    /// The catalog in force, if it is another one than `than`; a request is about to be refused because of what that one
    /// does not know.
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
    // Empty would mean that there is no catalog.
    serde_json::to_vec(applied).expect("a catalog is plain JSON").into()
}

fn decode(value: &Bytes) -> Option<Applied> {
    serde_json::from_slice(value).ok()
}
