//! Links to objects through CloudFront: signed here and checked at its edge, so no call is made for a link.
//!
//! The signing key is kept in a secret that the operator fills. While it is empty or cannot be read, there are no
//! such links, and links of the storage itself are used instead.

mod key;
mod signer;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Mutex;

pub use signer::Signer;

use crate::secret::{Secret, SecretError, Stage};
use crate::telemetry::chain;

/// Time for which a key is used before the secret is read again. An operator who replaces the key in the secret must
/// leave the old one valid for longer than this and the seconds of [`Cdn::link`] together.
const KEEP: Duration = Duration::from_secs(300);

/// Time for which an empty or unusable secret is not read again.
const KEEP_NONE: Duration = Duration::from_secs(30);

/// Reason why no link can be signed. The texts contain nothing of the secret.
#[derive(Debug, thiserror::Error)]
pub enum LinksError {
    /// The secret could not be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The secret does not have the expected JSON form.
    #[error(
        "the secret must have the form {{\"domain\": \"d111111abcdef8.cloudfront.net\", \"keyPairId\": \"K2JCJMDEHXQW5F\", \"privateKey\": \"-----BEGIN ...\"}}"
    )]
    Form,
    /// A field of the secret has the wrong form.
    #[error("{0} in the secret is {1}")]
    Field(&'static str, &'static str),
    /// Signing with the key failed.
    #[error("signing failed")]
    Sign,
}

/// A CloudFront distribution, and the secret with its signing key.
pub struct Cdn {
    secret: Box<dyn Secret>,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    signer: Option<Arc<Signer>>,
    until: Instant,
}

impl Cdn {
    /// Creates links signed by the key in a secret, which is read when the first link is requested, and again after
    /// five minutes.
    pub fn new(secret: impl Secret + 'static) -> Self {
        Self { secret: Box::new(secret), kept: Mutex::default() }
    }

    /// Returns a link to the object of that key, valid for `secs` seconds for every holder of the link; `None` if
    /// none can be signed. It does not check that the object exists. The download name is that of the object.
    pub async fn link(&self, key: &str, secs: u32) -> Option<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Rounded up, so that a link is valid for no less than the requested time.
        let expires = now.as_secs() + u64::from(now.subsec_nanos() > 0) + u64::from(secs);
        match self.signer().await?.link(key, expires) {
            Ok(link) => Some(link),
            Err(error) => {
                tracing::error!(
                    error = chain(&error),
                    "CloudFront link could not be signed; a presigned S3 link is returned"
                );
                None
            }
        }
    }

    /// Returns the current signer. One request at a time reads the secret; the others wait for it.
    async fn signer(&self) -> Option<Arc<Signer>> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| Instant::now() < kept.until) {
            return kept.signer.clone();
        }
        let read = self.secret.read(Stage::Current).await.map_err(LinksError::from);
        let (signer, keep) = match read.and_then(|text| text.as_deref().map(Signer::read).transpose()) {
            Ok(Some(signer)) => (Some(Arc::new(signer)), KEEP),
            Ok(None) => (None, KEEP_NONE),
            Err(error) => {
                tracing::error!(error = chain(&error), "the secret that signs links cannot be used");
                // The previous signer stays in use, because its key may still be valid.
                (kept.take().and_then(|kept| kept.signer), KEEP_NONE)
            }
        };
        *kept = Some(Kept { signer: signer.clone(), until: Instant::now() + keep });
        signer
    }
}
