//! Destinations: buckets to which files are copied within S3, without passing through this process.
//!
//! A copy is made by one principal, which reads the file and writes its copy: the role of the destination if it has one, else
//! that of the function.

mod error;
mod memory;
mod s3;

use async_trait::async_trait;
use bytes::Bytes;
use export::destination::Destination as Definition;

pub use error::DestinationError;
pub use memory::MemoryDestinations;
pub use s3::{PART_BYTES, S3Destinations};

/// A file and the place of its copy.
#[derive(Clone, Copy, Debug)]
pub struct FileCopy<'a> {
    /// Bucket of the file.
    pub bucket: &'a str,
    /// Key of the file.
    pub from: &'a str,
    /// Key of the copy.
    pub to: &'a str,
}

/// Outcome of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// The copy was made, and its checksum is that of the file.
    Made,
    /// An object with the size and the checksum of the file was there.
    Present,
}

/// Opens destinations.
#[async_trait]
pub trait Destinations: Send + Sync {
    /// Opens a destination. `session` names the session of its role, in the log of the account that owns it.
    ///
    /// # Errors
    /// If the role cannot be taken on.
    async fn open(
        &self,
        definition: &Definition,
        session: &str,
    ) -> Result<Box<dyn Destination>, DestinationError>;
}

/// An open destination. Calls may be made at the same time.
#[async_trait]
pub trait Destination: Send + Sync {
    /// Copies a file, with its metadata, unless it is there already.
    ///
    /// # Errors
    /// If the file or the destination cannot be used, or the checksum of the copy differs; the copy is then deleted.
    async fn copy(&self, file: &FileCopy<'_>) -> Result<Copy, DestinationError>;

    /// Writes a small object; an object of that key is replaced.
    ///
    /// # Errors
    /// If the destination cannot be used.
    async fn put(&self, key: &str, body: Bytes, content_type: &str) -> Result<(), DestinationError>;

    /// Deletes an object; a missing one counts as deleted.
    ///
    /// # Errors
    /// If the destination cannot be used.
    async fn delete(&self, key: &str) -> Result<(), DestinationError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::MemoryObjects;

    #[tokio::test]
    async fn memory_keeps_the_contract() {
        let files = MemoryObjects::default();
        let destinations = MemoryDestinations::new(&files);
        let open = destinations.open(&Definition::default(), "contract").await.unwrap();
        crate::contract::destination(&files, &*open, true).await;
    }
}
