//! Secret that seals the entries of the shared cache. It is read from the store once per process.

use async_trait::async_trait;
use ports::cache::SealSecret;
use store::Store;
use tokio::sync::OnceCell;

pub(super) struct Seal {
    store: Store,
    secret: OnceCell<[u8; 32]>,
}

impl Seal {
    pub(super) fn new(store: Store) -> Self {
        Self { store, secret: OnceCell::new() }
    }
}

#[async_trait]
impl SealSecret for Seal {
    async fn secret(&self) -> Option<[u8; 32]> {
        match self.secret.get_or_try_init(|| self.store.cache_seal()).await {
            Ok(secret) => Some(*secret),
            Err(error) => {
                tracing::warn!(
                    error = ports::telemetry::chain(&error),
                    "the shared cache is not used: its secret could not be read"
                );
                None
            }
        }
    }
}
