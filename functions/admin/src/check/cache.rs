//! The shared cache: reachable, and it lets us in. Everything works without it, so it is never wrong.

use ports::cache::RedisCache;
use ports::telemetry::chain;

use super::report::Report;

/// Logs in and asks for a sign of life; says nothing where there is none.
pub(super) async fn look(cache: Option<&RedisCache>) -> Report {
    let mut report = Report::default();
    let Some(cache) = cache else { return report };
    match cache.reach().await {
        Ok(()) => report.fine("cache", "it answers"),
        Err(error) => report.warn(
            "cache",
            format!("{}: everything goes on without it, slower", chain(&*error)),
            "check CacheUrl, and that the cache's security group lets the functions in",
        ),
    }
    report
}
