//! The shared cache: reachable over a protected connection, and accepts the login. Everything works without it, so
//! problems are only warnings.

use ports::cache::RedisCache;
use ports::telemetry::chain;

use super::report::Report;

/// Logs in and sends a ping. Reports nothing if there is no shared cache.
pub(super) async fn look(cache: Option<&RedisCache>) -> Report {
    let mut report = Report::default();
    let Some(cache) = cache else { return report };
    if cache.is_open() {
        report.warn(
            "cache",
            "CacheUrl does not use TLS: its password and cached export data can be read in transit",
            "use a rediss:// URL in CacheUrl, or create the cache with CreateCache",
        );
    }
    match cache.reach().await {
        Ok(()) => report.fine("cache", "it responds"),
        Err(error) => report.warn(
            "cache",
            format!("{}: everything works without it, but slower", chain(&*error)),
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
