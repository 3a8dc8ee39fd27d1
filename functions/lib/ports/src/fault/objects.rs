//! A bucket that fails as planned. Links are created without it and never fail.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Fault, Faults};
use crate::objects::{Meta, Objects, ObjectsError, ObjectsErrorKind, Page, Upload};

pub(super) struct FaultyObjects {
    inner: Arc<dyn Objects>,
    faults: Faults,
}

impl FaultyObjects {
    pub(super) fn new(inner: Arc<dyn Objects>, faults: Faults) -> Self {
        Self { inner, faults }
    }
}

impl Faults {
    /// Injects faults before a call reaches the bucket.
    async fn before(&self, what: &'static str) -> Result<(), ObjectsError> {
        self.slow(Fault::ObjectsSlow).await;
        for (fault, kind) in [
            (Fault::ObjectsFail, ObjectsErrorKind::Unavailable),
            (Fault::ObjectsThrottle, ObjectsErrorKind::Throttled),
        ] {
            if self.strikes(fault) {
                return Err(ObjectsError::new(what, kind, "injected: nothing was done"));
            }
        }
        Ok(())
    }

    /// Injects faults into the response.
    fn after<T>(&self, what: &'static str, answer: T) -> Result<T, ObjectsError> {
        if self.strikes(Fault::ObjectsLoseAnswer) {
            return Err(ObjectsError::new(
                what,
                ObjectsErrorKind::Unavailable,
                "injected: it was done, the answer is lost",
            ));
        }
        Ok(answer)
    }
}

#[async_trait]
impl Objects for FaultyObjects {
    fn bucket(&self) -> &str {
        self.inner.bucket()
    }

    async fn put(&self, key: &str, body: Bytes, meta: &Meta) -> Result<(), ObjectsError> {
        self.faults.before("store an object").await?;
        self.inner.put(key, body, meta).await?;
        self.faults.after("store an object", ())
    }

    async fn upload(&self, key: &str, meta: &Meta) -> Result<Box<dyn Upload>, ObjectsError> {
        self.faults.before("begin an upload").await?;
        let inner = self.inner.upload(key, meta).await?;
        self.faults.after("begin an upload", ())?;
        Ok(Box::new(FaultyUpload { inner, faults: self.faults.clone() }))
    }

    async fn get(&self, key: &str) -> Result<Bytes, ObjectsError> {
        self.faults.before("read an object").await?;
        self.inner.get(key).await
    }

    async fn size(&self, key: &str) -> Result<Option<u64>, ObjectsError> {
        self.faults.before("read the metadata of an object").await?;
        self.inner.size(key).await
    }

    async fn delete(&self, keys: &[String]) -> Result<(), ObjectsError> {
        self.faults.before("delete objects").await?;
        self.inner.delete(keys).await?;
        self.faults.after("delete objects", ())
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, ObjectsError> {
        self.faults.before("list objects").await?;
        self.inner.list(prefix, after).await
    }

    async fn abort_uploads(&self, prefix: &str) -> Result<usize, ObjectsError> {
        self.faults.before("abort uploads").await?;
        let aborted = self.inner.abort_uploads(prefix).await?;
        self.faults.after("abort uploads", aborted)
    }

    async fn presign_get(&self, key: &str, secs: u32, name: Option<&str>) -> Result<String, ObjectsError> {
        self.inner.presign_get(key, secs, name).await
    }
}

struct FaultyUpload {
    inner: Box<dyn Upload>,
    faults: Faults,
}

#[async_trait]
impl Upload for FaultyUpload {
    async fn part(&self, number: u32, body: Bytes) -> Result<(), ObjectsError> {
        self.faults.before("store a part").await?;
        self.inner.part(number, body).await?;
        self.faults.after("store a part", ())
    }

    async fn complete(&self) -> Result<(), ObjectsError> {
        self.faults.before("complete an upload").await?;
        self.inner.complete().await?;
        self.faults.after("complete an upload", ())
    }

    async fn abort(&self) -> Result<(), ObjectsError> {
        self.faults.before("abort an upload").await?;
        self.inner.abort().await?;
        self.faults.after("abort an upload", ())
    }
}
