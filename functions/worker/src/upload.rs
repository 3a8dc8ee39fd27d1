//! Sends parts to the bucket: few at a time, and nothing is left behind by a file that does not come about.

use std::sync::Arc;

use bytes::Bytes;
use ports::objects::{Meta, Objects, ObjectsError, Upload};
use tokio::task::JoinSet;

/// Parts on their way at the same time. Each holds its bytes in memory.
const IN_FLIGHT: usize = 2;

/// One object in the making.
pub struct Uploader {
    objects: Arc<dyn Objects>,
    key: String,
    meta: Meta,
    /// The first part, until it is known whether it is the only one: then it is put at once.
    first: Option<Bytes>,
    upload: Option<Arc<dyn Upload>>,
    number: u32,
    sending: JoinSet<Result<(), ObjectsError>>,
    /// Whether the object may exist.
    exists: bool,
}

impl Uploader {
    /// Begins nothing yet.
    pub fn new(objects: Arc<dyn Objects>, key: String, meta: Meta) -> Self {
        let sending = JoinSet::new();
        Self { objects, key, meta, first: None, upload: None, number: 0, sending, exists: false }
    }

    /// Takes the next part, and waits while too many are on their way.
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

    /// Makes the object; called only when its last byte is proven. Without parts there is none.
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

    /// Removes every trace; called only while no record can name the object. What fails here is litter,
    /// which the sweeper finds by the attempt's number.
    pub async fn remove(mut self) -> Result<(), ObjectsError> {
        // A part that arrives after the abort would stay.
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
    async fn parts_stay_in_order_and_nothing_exists_before_the_end() {
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
    async fn nothing_is_left_of_a_file_that_is_not_wanted() {
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
