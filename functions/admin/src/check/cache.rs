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
            "CacheUrl has connections without TLS: its password and what is shown of exports may be read on their way",
            "give a rediss:// URL in CacheUrl, or let CreateCache make the cache",
        );
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_without_tls_beyond_this_machine_is_open() {
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
