//! Objects in this process, for tests.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::parts::MIN_PART_BYTES;
use super::{Meta, Objects, ObjectsError, ObjectsErrorKind, Page, Upload};

/// A bucket in memory. Clones are the same bucket.
#[derive(Clone, Debug, Default)]
pub struct MemoryObjects {
    state: Arc<Mutex<BucketState>>,
}

#[derive(Debug, Default)]
struct BucketState {
    objects: BTreeMap<String, (Bytes, Meta)>,
    uploads: BTreeMap<u64, (String, Meta, BTreeMap<u32, Bytes>)>,
    begun: u64,
    lists: u32,
    deletes: u32,
}

impl MemoryObjects {
    fn state(&self) -> MutexGuard<'_, BucketState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns an object with its metadata.
    pub fn object(&self, key: &str) -> Option<(Bytes, Meta)> {
        self.state().objects.get(key).cloned()
    }

    /// Returns the keys of the uploads that are neither complete nor aborted.
    pub fn unfinished(&self) -> Vec<String> {
        self.state().uploads.values().map(|(key, ..)| key.clone()).collect()
    }

    /// Returns the number of requests so far that list objects or uploads, and of those that delete objects.
    pub fn requests(&self) -> (u32, u32) {
        let state = self.state();
        (state.lists, state.deletes)
    }
}

#[async_trait]
impl Objects for MemoryObjects {
    fn bucket(&self) -> &str {
        "memory"
    }

    async fn put(&self, key: &str, body: Bytes, meta: &Meta) -> Result<(), ObjectsError> {
        self.state().objects.insert(key.to_owned(), (Bytes::copy_from_slice(&body), meta.clone()));
        Ok(())
    }

    async fn upload(&self, key: &str, meta: &Meta) -> Result<Box<dyn Upload>, ObjectsError> {
        let mut state = self.state();
        state.begun += 1;
        let id = state.begun;
        state.uploads.insert(id, (key.to_owned(), meta.clone(), BTreeMap::new()));
        Ok(Box::new(MemoryUpload { bucket: self.clone(), id }))
    }

    async fn get(&self, key: &str) -> Result<Bytes, ObjectsError> {
        let found = self.object(key).map(|(body, _)| body);
        found.ok_or(ObjectsError::bare("read an object", ObjectsErrorKind::NotFound))
    }

    async fn size(&self, key: &str) -> Result<Option<u64>, ObjectsError> {
        Ok(self.object(key).map(|(body, _)| body.len() as u64))
    }

    async fn delete(&self, keys: &[String]) -> Result<(), ObjectsError> {
        let mut state = self.state();
        state.deletes += 1;
        for key in keys {
            state.objects.remove(key);
        }
        Ok(())
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, ObjectsError> {
        let from = match after {
            Some(after) if after >= prefix => Excluded(after),
            _ => Included(prefix),
        };
        let mut state = self.state();
        state.lists += 1;
        let below = state.objects.range::<str, _>((from, Unbounded)).map(|(key, _)| key);
        let mut keys: Vec<String> =
            below.take_while(|k| k.starts_with(prefix)).take(1_001).cloned().collect();
        let more = keys.len() > 1_000;
        keys.truncate(1_000);
        Ok(Page { keys, more })
    }

    async fn abort_uploads(&self, prefix: &str) -> Result<usize, ObjectsError> {
        let mut state = self.state();
        state.lists += 1;
        let before = state.uploads.len();
        state.uploads.retain(|_, (key, ..)| !key.starts_with(prefix));
        Ok(before - state.uploads.len())
    }

    async fn presign_get(&self, key: &str, secs: u32, name: Option<&str>) -> Result<String, ObjectsError> {
        Ok(format!("memory:///{key}?secs={secs}&name={}", name.unwrap_or_default()))
    }
}

struct MemoryUpload {
    bucket: MemoryObjects,
    id: u64,
}

#[async_trait]
impl Upload for MemoryUpload {
    async fn part(&self, number: u32, body: Bytes) -> Result<(), ObjectsError> {
        let mut state = self.bucket.state();
        let upload = state.uploads.get_mut(&self.id);
        let (_, _, parts) = upload.ok_or(ObjectsError::bare("store a part", ObjectsErrorKind::NotFound))?;
        // Copied, because a bucket does not share its client's memory.
        parts.insert(number, Bytes::copy_from_slice(&body));
        Ok(())
    }

    /// Checks the sizes of parts as strictly as S3; emulators do not.
    async fn complete(&self) -> Result<(), ObjectsError> {
        const WHAT: &str = "complete an upload";
        let mut state = self.bucket.state();
        let (key, meta, parts) = state
            .uploads
            .get(&self.id)
            .cloned()
            .ok_or(ObjectsError::bare(WHAT, ObjectsErrorKind::NotFound))?;
        let last = parts.len() as u32;
        let fits = |(number, body): (&u32, &Bytes)| *number == last || body.len() >= MIN_PART_BYTES;
        if parts.is_empty() || !parts.keys().copied().eq(1..=last) || !parts.iter().all(fits) {
            return Err(ObjectsError::bare(WHAT, ObjectsErrorKind::Other));
        }
        state.uploads.remove(&self.id);
        let body: Vec<u8> = parts.into_values().flatten().collect();
        state.objects.insert(key, (body.into(), meta));
        Ok(())
    }

    async fn abort(&self) -> Result<(), ObjectsError> {
        self.bucket.state().uploads.remove(&self.id);
        Ok(())
    }
}
