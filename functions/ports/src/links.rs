//! Links to objects through CloudFront: signed here and checked at its edge, so nothing is called for one.
//!
//! The key that signs is kept in a secret that the operator fills. As long as there is none, there are no such
//! links, and those of the storage itself are handed out; so it is too while the secret cannot be read.

mod key;
mod secret;
mod signer;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Mutex;

pub use secret::{MemorySecret, Secret, SecretsManager};
pub use signer::Signer;

use crate::telemetry::chain;

/// How long a key is used before the secret is read again. Whoever puts another key into the secret leaves the old
/// one valid for longer than this and [`Cdn::link`]'s seconds together.
const KEEP: Duration = Duration::from_secs(300);

/// How long an empty secret, or one that cannot be used, is left alone.
const KEEP_NONE: Duration = Duration::from_secs(30);

/// Why no link can be signed. No text of these holds anything of the secret.
#[derive(Debug, thiserror::Error)]
pub enum LinksError {
    /// The secret could not be read.
    #[error("reading the secret failed")]
    Unread(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nobody answered who could tell of it.
    #[error("no answer from where the secret is kept")]
    Silent(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is not the JSON that it should be.
    #[error(
        "the secret is not of the form {{\"domain\": \"d111111abcdef8.cloudfront.net\", \"keyPairId\": \"K2JCJMDEHXQW5F\", \"privateKey\": \"-----BEGIN ...\"}}"
    )]
    Form,
    /// A field of it has the wrong form.
    #[error("{0} in the secret is {1}")]
    Field(&'static str, &'static str),
    /// The key did not sign.
    #[error("signing failed")]
    Sign,
}

/// A distribution, and the secret with the key that signs for it.
pub struct Cdn {
    secret: Box<dyn Secret>,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    signer: Option<Arc<Signer>>,
    until: Instant,
}

impl Cdn {
    /// Takes the signer from a secret; it is read when the first link is asked for, and again after five minutes.
    pub fn new(secret: impl Secret + 'static) -> Self {
        Self { secret: Box::new(secret), kept: Mutex::default() }
    }

    /// A link to the object of that key for anybody who has it, for so many seconds; `None` if none can be signed.
    /// It says nothing about whether the object exists. The name it is saved under is the object's own.
    pub async fn link(&self, key: &str, secs: u32) -> Option<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Rounded up: a link works for no less than was said.
        let expires = now.as_secs() + u64::from(now.subsec_nanos() > 0) + u64::from(secs);
        match self.signer().await?.link(key, expires) {
            Ok(link) => Some(link),
            Err(error) => {
                tracing::error!(error = chain(&error), "no link was signed; the storage's own is used");
                None
            }
        }
    }

    /// Who signs now. One request at a time reads the secret; the others wait for it.
    async fn signer(&self) -> Option<Arc<Signer>> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| Instant::now() < kept.until) {
            return kept.signer.clone();
        }
        let read = self.secret.read().await;
        let (signer, keep) = match read.and_then(|text| text.as_deref().map(Signer::read).transpose()) {
            Ok(Some(signer)) => (Some(Arc::new(signer)), KEEP),
            Ok(None) => (None, KEEP_NONE),
            Err(error) => {
                tracing::error!(error = chain(&error), "the secret that signs links cannot be used");
                // What has signed goes on signing: its key may well be valid.
                (kept.take().and_then(|kept| kept.signer), KEEP_NONE)
            }
        };
        *kept = Some(Kept { signer: signer.clone(), until: Instant::now() + keep });
        signer
    }
}
