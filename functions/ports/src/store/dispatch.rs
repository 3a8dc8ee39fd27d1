//! Store operations for dispatch.

use export::id::ChunkId;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{chunk_id, texts};

impl Store {
    /// Lets `dispatch()` choose chunks and marks them sent. The caller must send them or take them back.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn dispatch(&self) -> Result<Vec<ChunkId>, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let rows = tx.all(sql("select d::text as id from sluice.dispatch() d")).await?;
            tx.commit().await?;
            rows.iter().map(|row| chunk_id(row, "id")).collect()
        })
        .await
    }

    /// Makes chunks due again whose messages were not sent.
    ///
    /// # Errors
    /// If the store cannot be reached; `dispatch()` then finds them after a while.
    pub async fn take_back(&self, chunks: &[ChunkId]) -> Result<(), StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let update = sql("update sluice.chunk set state = 'due', sends = greatest(sends - 1, 0) where id = any ($1::text[]::uuid[]) and state = 'sent'");
            tx.run(update.bind(texts(chunks))).await?;
            tx.commit().await
        })
        .await
    }
}
