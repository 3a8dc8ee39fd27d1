//! Services besides the databases: queue, bucket, secret and shared cache.

use export::count::count;
use ports::cache::RedisCache;
use ports::objects::{Objects, ObjectsErrorKind};
use ports::queue::Queue;
use ports::secret::{Secret, SecretError};
use ports::telemetry::chain;

use super::report::CheckReport;
use super::{NO_WAY, answer};

/// Checks that the queue is reachable and the one that was deployed: counts the waiting messages.
pub(super) async fn queue(queue: &dyn Queue) -> CheckReport {
    let mut report = CheckReport::default();
    match answer("queue", queue.waiting(), &mut report).await {
        Some(Ok(waiting)) => report.fine("queue", format!("{} waiting", count(waiting, "message"))),
        Some(Err(error)) if error.answered => {
            let remedy = "redeploy the unmodified template: the function's role needs sqs:GetQueueAttributes on the queue";
            report.wrong("queue", chain(&error), remedy);
        }
        Some(Err(error)) => report.wrong("queue", chain(&error), NO_WAY),
        None => {}
    }
    report
}

/// Checks that the bucket is reachable and may be listed: lists a page of it.
pub(super) async fn bucket(objects: &dyn Objects) -> CheckReport {
    let mut report = CheckReport::default();
    match answer("bucket", objects.list("t/", None), &mut report).await {
        Some(Ok(page)) => {
            let more = if page.more { " and more" } else { "" };
            report.fine("bucket", format!("{}{more}", count(page.keys.len() as u64, "object")));
        }
        Some(Err(error)) => report.wrong("bucket", chain(&error), bucket_remedy(error.kind)),
        None => {}
    }
    report
}

fn bucket_remedy(kind: ObjectsErrorKind) -> &'static str {
    match kind {
        ObjectsErrorKind::Unavailable => NO_WAY,
        ObjectsErrorKind::Denied => {
            "redeploy the unmodified template: the function's role needs s3:ListBucket on the bucket, and the policy of an S3 endpoint must allow it"
        }
        ObjectsErrorKind::NotFound | ObjectsErrorKind::NoBucket => {
            "the bucket no longer exists, and its files are lost; deploy a new stack under another name"
        }
        ObjectsErrorKind::Throttled | ObjectsErrorKind::Other => {
            "run `sluice admin check` again; if it fails again, check the bucket's policy"
        }
    }
}

/// Checks that the secret with the key that signs links is reachable and not empty. The key itself is not read.
/// Reports nothing if there is no CDN.
pub(super) async fn secret(secret: Option<&dyn Secret>) -> CheckReport {
    let mut report = CheckReport::default();
    let Some(secret) = secret else { return report };
    match answer("secret", secret.is_filled(), &mut report).await {
        Some(Ok(true)) => report.fine("secret", "the key for signing links is stored"),
        Some(Ok(false)) => {
            let remedy = "store domain, keyPairId and privateKey in the secret, as described in infra/README.md under CloudFront";
            report.warn(
                "secret",
                "no key is stored, so files are served from the bucket and not through the CDN",
                remedy,
            );
        }
        Some(Err(error @ SecretError::Silent(_))) => report.wrong("secret", chain(&error), NO_WAY),
        Some(Err(error)) => {
            let remedy = "redeploy the unmodified template: the function's role needs secretsmanager:DescribeSecret on the secret";
            report.wrong("secret", chain(&error), remedy);
        }
        None => {}
    }
    report
}

/// Checks that the shared cache is reachable over a protected connection and accepts the login. Everything works
/// without it, so problems are only warnings. Reports nothing if there is no shared cache.
pub(super) async fn cache(cache: Option<&RedisCache>) -> CheckReport {
    let mut report = CheckReport::default();
    let Some(cache) = cache else { return report };
    if cache.is_open() {
        report.warn(
            "cache",
            "CacheUrl does not use TLS: its password and cached export data can be read in transit",
            "use a rediss:// URL in CacheUrl, or create the cache with CreateCache",
        );
    }
    match cache.ping().await {
        Ok(()) => report.fine("cache", "the cache responds"),
        Err(error) => report.warn(
            "cache",
            format!("{}; the api works without the cache, but responds more slowly", chain(&*error)),
            "check CacheUrl, and that the cache's security group allows the functions",
        ),
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_cache_without_tls_is_open() {
        for (url, open) in [
            ("redis://:secret@cache.example.com:6379", true),
            ("redis://10.0.0.7:6379/1", true),
            ("rediss://cache.example.com:6379", false),
            ("redis://127.0.0.1:6379", false),
            ("redis://localhost", false),
        ] {
            assert_eq!(RedisCache::new(url).unwrap().is_open(), open, "{url}");
        }
    }
}
