//! The secret with the key that signs links: reachable, and filled. The key itself is not read.

use ports::links::{LinksError, Secret};
use ports::telemetry::chain;

use super::report::Report;
use super::{NO_WAY, PATIENCE};

/// Looks whether it holds anything; says nothing where there is no CDN.
pub(super) async fn look(secret: Option<&dyn Secret>) -> Report {
    let mut report = Report::default();
    let Some(secret) = secret else { return report };
    match tokio::time::timeout(PATIENCE, secret.is_filled()).await {
        Ok(Ok(true)) => report.fine("secret", "it holds what signs links"),
        Ok(Ok(false)) => {
            let remedy =
                "put domain, keyPairId and privateKey into it, as infra/README.md shows under CloudFront";
            report.warn(
                "secret",
                "it is empty, so files are handed out from S3 and not through the CDN",
                remedy,
            );
        }
        Ok(Err(error @ LinksError::Silent(_))) => report.wrong("secret", chain(&error), NO_WAY),
        Ok(Err(error)) => {
            let remedy = "check SLUICE_CDN_SECRET, and deploy the template as it is: the function's role must have secretsmanager:DescribeSecret";
            report.wrong("secret", chain(&error), remedy);
        }
        Err(_) => report.wrong("secret", format!("no answer within {} s", PATIENCE.as_secs()), NO_WAY),
    }
    report
}
