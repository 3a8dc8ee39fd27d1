//! A destination in this process, for tests.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use export::delivery::DeliveryCode;
use export::destination::Destination as Definition;

use super::{Copy, Destination, DestinationError, Destinations, FileCopy};
use crate::objects::{MemoryObjects, Meta, Objects};

/// Destinations whose objects are in memory. Clones share them.
#[derive(Clone, Debug)]
pub struct MemoryDestinations {
    files: MemoryObjects,
    /// All objects of all destinations.
    pub delivered: MemoryObjects,
    /// Failure of all calls from now on.
    failure: Arc<Mutex<Option<DestinationError>>>,
}

impl MemoryDestinations {
    /// Makes destinations to which files of a bucket can be copied.
    pub fn new(files: &MemoryObjects) -> Self {
        Self { files: files.clone(), delivered: MemoryObjects::default(), failure: Arc::default() }
    }

    /// Lets all calls fail from now on; `None`: they succeed again.
    pub fn fail(&self, failure: Option<DestinationError>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    fn check(&self) -> Result<(), DestinationError> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        failure.map_or(Ok(()), Err)
    }

    async fn write(&self, key: &str, body: Bytes, meta: &Meta) -> Result<(), DestinationError> {
        let put = self.delivered.put(key, body, meta).await;
        put.map_err(|error| DestinationError::new(DeliveryCode::Rejected, error.to_string()))
    }
}

#[async_trait]
impl Destinations for MemoryDestinations {
    async fn open(
        &self,
        _definition: &Definition,
        _session: &str,
    ) -> Result<Box<dyn Destination>, DestinationError> {
        self.check()?;
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl Destination for MemoryDestinations {
    async fn copy(&self, file: &FileCopy<'_>) -> Result<Copy, DestinationError> {
        self.check()?;
        let Some((body, meta)) = self.files.object(file.from) else {
            return Err(DestinationError::new(DeliveryCode::FileMissing, "cannot read a file: NoSuchKey"));
        };
        if self.delivered.object(file.to).is_some_and(|(there, _)| there == body) {
            return Ok(Copy::Present);
        }
        self.write(file.to, body, &meta).await?;
        Ok(Copy::Made)
    }

    async fn put(&self, key: &str, body: Bytes, content_type: &str) -> Result<(), DestinationError> {
        self.check()?;
        let meta = Meta { content_type: content_type.to_owned(), download_name: None, immutable: false };
        self.write(key, body, &meta).await
    }

    async fn delete(&self, key: &str) -> Result<(), DestinationError> {
        self.check()?;
        let deleted = self.delivered.delete(&[key.to_owned()]).await;
        deleted.map_err(|error| DestinationError::new(DeliveryCode::Rejected, error.to_string()))
    }
}
