//! The catalog in force with its estimates: decoded in this process, as bytes in the shared cache.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ports::cache::{Entry, Filled};
use ports::store::{Applied, Store, StoreError};

use super::Shared;

/// The catalog in force.
pub(crate) struct Catalogs {
    keep: Duration,
    shared: Shared,
    known: Mutex<Option<(Arc<Applied>, Instant)>>,
}

impl Catalogs {
    pub(crate) fn new(keep: Duration, shared: Shared) -> Self {
        Self { keep, shared, known: Mutex::default() }
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
    serde_json::to_vec(applied).unwrap_or_default().into()
}

fn decode(value: &Bytes) -> Option<Applied> {
    serde_json::from_slice(value).ok()
}
