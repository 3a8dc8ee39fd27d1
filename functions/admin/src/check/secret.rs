//! The secret with the key that signs links: reachable, and not empty. The key itself is not read.

use ports::links::{LinksError, Secret};
use ports::telemetry::chain;

use super::report::Report;
use super::{NO_WAY, answer};

/// Checks that the secret is not empty. Reports nothing if there is no CDN.
pub(super) async fn look(secret: Option<&dyn Secret>) -> Report {
    let mut report = Report::default();
    let Some(secret) = secret else { return report };
    match answer("secret", secret.is_filled(), &mut report).await {
        Some(Ok(true)) => report.fine("secret", "it contains the key that signs links"),
        Some(Ok(false)) => {
            let remedy = "store domain, keyPairId and privateKey in it, as described in infra/README.md under CloudFront";
            report.warn("secret", "it is empty, so files are served from S3 and not through the CDN", remedy);
        }
        Some(Err(error @ LinksError::Silent(_))) => report.wrong("secret", chain(&error), NO_WAY),
        Some(Err(error)) => {
            let remedy = "check SLUICE_CDN_SECRET, and deploy the template as it is: the function's role must have secretsmanager:DescribeSecret";
            report.wrong("secret", chain(&error), remedy);
        }
        None => {}
    }
    report
}
