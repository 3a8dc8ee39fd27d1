//! Check of the secret header that CloudFront adds to each request that it passes on to the api.

use std::time::{Duration, Instant};

use futures::future::try_join;
use ports::secret::{Secret, SecretError, Stage};
use ports::telemetry::chain;
use subtle::{Choice, ConstantTimeEq};
use tokio::sync::Mutex;

use crate::error::ApiError;

/// Time for which the values are used before the secret is read again.
const KEEP: Duration = Duration::from_secs(300);

/// Minimum time between two reads that are due to an unknown value or a failed read. Without the former, a rotation
/// would be noticed only after [`KEEP`].
const KEEP_WRONG: Duration = Duration::from_secs(30);

/// Values of the header that are accepted: the current and the previous version of a secret, so that a rotation
/// interrupts nothing.
pub(crate) struct Origin {
    secret: Box<dyn Secret>,
    kept: Mutex<Kept>,
    keep: Duration,
    keep_wrong: Duration,
}

struct Kept {
    values: Vec<String>,
    /// Time at which a known value causes a read.
    until: Instant,
    /// Time at which an unknown value causes a read.
    wrong_until: Instant,
}

impl Origin {
    /// Accepts the values in a secret, which is read when the first request arrives, and again after five minutes.
    pub(crate) fn new(secret: impl Secret + 'static) -> Self {
        Self::keeping(secret, KEEP, KEEP_WRONG)
    }

    fn keeping(secret: impl Secret + 'static, keep: Duration, keep_wrong: Duration) -> Self {
        let now = Instant::now();
        let kept = Kept { values: Vec::new(), until: now, wrong_until: now };
        Self { secret: Box::new(secret), kept: Mutex::new(kept), keep, keep_wrong }
    }

    /// Checks a value. One request at a time reads the secret; the others wait for it.
    pub(crate) async fn check(&self, sent: &[u8]) -> Result<(), ApiError> {
        let mut kept = self.kept.lock().await;
        let until = if kept.knows(sent) { kept.until } else { kept.wrong_until };
        let now = Instant::now();
        if now >= until {
            kept.wrong_until = now + self.keep_wrong;
            match both(&*self.secret).await {
                Ok(values) => {
                    kept.values = values;
                    kept.until = now + self.keep;
                }
                // The values stay in use, because they may still be valid. Others are refused.
                Err(error) => {
                    tracing::error!(
                        error = chain(&error),
                        "the secret of CloudFront's header cannot be read"
                    );
                    kept.until = kept.wrong_until;
                }
            }
        }
        match kept.values.is_empty() {
            _ if kept.knows(sent) => Ok(()),
            true => Err(ApiError::no_origin_secret()),
            false => Err(ApiError::not_through_cdn()),
        }
    }
}

impl Kept {
    /// Compares with every value, in a time that does not depend on their content.
    fn knows(&self, sent: &[u8]) -> bool {
        let found = self.values.iter().fold(Choice::from(0), |found, one| found | one.as_bytes().ct_eq(sent));
        found.into()
    }
}

/// Reads the current and the previous version.
async fn both(secret: &dyn Secret) -> Result<Vec<String>, SecretError> {
    let (current, previous) = try_join(secret.read(Stage::Current), secret.read(Stage::Previous)).await?;
    Ok([current, previous].into_iter().flatten().filter(|text| !text.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use ports::secret::MemorySecret;

    use super::*;

    async fn accepts(origin: &Origin, value: &str) -> bool {
        origin.check(value.as_bytes()).await.is_ok()
    }

    #[tokio::test]
    async fn the_current_and_the_previous_value_are_accepted() {
        let secret = MemorySecret::default();
        let origin = Origin::keeping(secret.clone(), KEEP, Duration::ZERO);
        secret.put("first");
        assert!(accepts(&origin, "first").await);
        secret.put("second");
        assert!(accepts(&origin, "second").await, "an unknown value is looked up");
        assert!(accepts(&origin, "first").await);
        secret.put("third");
        assert!(accepts(&origin, "third").await);
        assert!(!accepts(&origin, "first").await);
        for wrong in ["", "thir", "third ", "THIRD"] {
            assert!(!accepts(&origin, wrong).await, "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn wrong_values_do_not_cause_a_read_each() {
        let secret = MemorySecret::default();
        secret.put("first");
        let origin = Origin::new(secret.clone());
        assert!(!accepts(&origin, "second").await);
        secret.put("second");
        assert!(!accepts(&origin, "second").await, "within 30 seconds of the read");
        assert!(accepts(&origin, "first").await);
    }

    #[tokio::test]
    async fn nothing_is_accepted_without_a_secret() {
        let origin = Origin::new(MemorySecret::default());
        for value in ["", "any"] {
            let error = origin.check(value.as_bytes()).await.unwrap_err();
            assert_eq!(error.status, http::StatusCode::SERVICE_UNAVAILABLE);
        }
    }
}
