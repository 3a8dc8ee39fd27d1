//! Upload of parts to the bucket: few at a time, and a file that is not completed leaves nothing in the bucket.

use std::sync::Arc;

use bytes::Bytes;
use ports::objects::{Meta, Objects, ObjectsError, Upload};
use tokio::task::JoinSet;

/// Number of parts sent at the same time. Each holds its bytes in memory.
const IN_FLIGHT: usize = 2;

/// Object being written.
pub struct Uploader {
    objects: Arc<dyn Objects>,
    key: String,
    meta: Meta,
    /// The first part, until it is known whether it is the only one: a single part is put directly.
    first: Option<Bytes>,
    upload: Option<Arc<dyn Upload>>,
    number: u32,
    sending: JoinSet<Result<(), ObjectsError>>,
    /// True if the object may exist.
    exists: bool,
}

impl Uploader {
    /// Creates an uploader. Nothing is sent yet.
    pub fn new(objects: Arc<dyn Objects>, key: String, meta: Meta) -> Self {
        let sending = JoinSet::new();
        Self { objects, key, meta, first: None, upload: None, number: 0, sending, exists: false }
    }

    /// Sends the next part; waits while too many are being sent.
    pub async fn part(&mut self, body: Bytes) -> Result<(), ObjectsError> {
        let upload = match &self.upload {
            Some(upload) => upload.clone(),
            None => {
                let Some(first) = self.first.take() else {
                    self.first = Some(body);
                    return Ok(());
                };
                let upload: Arc<dyn Upload> = self.objects.upload(&self.key, &self.meta).await?.into();
                self.upload = Some(upload.clone());
                self.send(upload.clone(), first).await?;
                upload
            }
        };
        self.send(upload, body).await
    }

    async fn send(&mut self, upload: Arc<dyn Upload>, body: Bytes) -> Result<(), ObjectsError> {
        while self.sending.len() >= IN_FLIGHT {
            self.sent().await?;
        }
        self.number += 1;
        let number = self.number;
        self.sending.spawn(async move { upload.part(number, body).await });
        Ok(())
    }

    async fn sent(&mut self) -> Result<(), ObjectsError> {
        match self.sending.join_next().await {
            Some(sent) => sent.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic())),
            None => Ok(()),
        }
    }

    /// Completes the object. Called only when its last byte is verified. Without parts there is no object.
    pub async fn complete(&mut self) -> Result<(), ObjectsError> {
        if let Some(only) = self.first.take() {
            self.exists = true;
            return self.objects.put(&self.key, only, &self.meta).await;
        }
        while !self.sending.is_empty() {
            self.sent().await?;
        }
        if let Some(upload) = &self.upload {
            self.exists = true;
            upload.complete().await?;
        }
        Ok(())
    }

    /// Removes the object and all parts. Called only while no record can name the object. If it fails, the orphaned
    /// objects are found by the sweeper by the attempt's number.
    pub async fn remove(mut self) -> Result<(), ObjectsError> {
        // A part that arrives after the abort would remain.
        self.sending.shutdown().await;
        if let Some(upload) = &self.upload {
            upload.abort().await?;
        }
        if self.exists {
            self.objects.delete(&[self.key]).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ports::objects::MemoryObjects;
    use ports::objects::parts::MIN_PART_BYTES;

    use super::*;

    fn uploader(bucket: &MemoryObjects) -> Uploader {
        let meta = Meta { content_type: "text/csv".into(), download_name: None, immutable: true };
        Uploader::new(Arc::new(bucket.clone()), "k".into(), meta)
    }

    #[tokio::test]
    async fn one_part_is_put_at_once() {
        let bucket = MemoryObjects::default();
        let mut uploader = uploader(&bucket);
        uploader.part(Bytes::from_static(b"small")).await.unwrap();
        assert!(bucket.object("k").is_none());
        uploader.complete().await.unwrap();
        assert_eq!(bucket.object("k").unwrap().0, "small");
    }

    #[tokio::test]
    async fn parts_stay_in_order_and_object_appears_on_completion() {
        let bucket = MemoryObjects::default();
        let mut uploader = uploader(&bucket);
        for byte in 0..5 {
            uploader.part(vec![byte; MIN_PART_BYTES].into()).await.unwrap();
        }
        assert!(bucket.object("k").is_none());
        uploader.complete().await.unwrap();
        let body = bucket.object("k").unwrap().0;
        assert!(body.len() == 5 * MIN_PART_BYTES && body.is_sorted() && bucket.unfinished().is_empty());
    }

    #[tokio::test]
    async fn removed_upload_leaves_nothing() {
        let bucket = MemoryObjects::default();
        for parts in 0..4 {
            for complete in [false, true] {
                let mut uploader = uploader(&bucket);
                for _ in 0..parts {
                    uploader.part(vec![1; MIN_PART_BYTES].into()).await.unwrap();
                }
                if complete {
                    uploader.complete().await.unwrap();
                }
                uploader.remove().await.unwrap();
                assert!(bucket.object("k").is_none() && bucket.unfinished().is_empty());
            }
        }
    }
}
