//! Preferences of a client (RFC 7240): `respond-async` and `wait=N`. A preference that cannot be met is ignored.

use std::time::Duration;

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Maximum time of a long poll. It leaves time for the rest of the request before its time limit.
const MAX_WAIT_SECS: u64 = 20;

/// Preferences of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    /// True if the client prefers a response before the work is done. The api never responds otherwise.
    pub(crate) respond_async: bool,
    /// Time that the client is willing to wait, at most 20 s.
    pub(crate) wait: Option<Duration>,
}

impl Preferences {
    /// Reads the header `Prefer`. Malformed and unknown preferences are ignored, as the RFC requires; of repeated ones
    /// the first counts.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        let given = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preference in given.flat_map(|value| value.split(',')) {
            let preference = preference.split(';').next().unwrap_or_default();
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "respond-async" => found.respond_async = true,
                "wait" => {
                    let secs = value.trim().trim_matches('"').parse::<u64>().ok().filter(|secs| *secs > 0);
                    let wait = secs.map(|secs| Duration::from_secs(secs.min(MAX_WAIT_SECS)));
                    found.wait = found.wait.or(wait);
                }
                _ => {}
            }
        }
        found
    }
}

/// Reports the preference that was met.
pub(crate) fn applied(response: &mut Response, preference: &str) {
    if let Ok(value) = HeaderValue::try_from(preference) {
        response.headers_mut().append(HeaderName::from_static("preference-applied"), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_and_malformed_ones_ignored() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().unwrap());
            Preferences::of(&headers)
        };
        let secs = |secs| Some(Duration::from_secs(secs));
        assert_eq!(of("respond-async, wait=10"), Preferences { respond_async: true, wait: secs(10) });
        assert_eq!(of("Wait=\"5\"; x=y").wait, secs(5));
        assert_eq!(of("wait=86400").wait, secs(20), "never longer than a request may take");
        assert_eq!(of("wait=3, wait=9").wait, secs(3));
        for ignored in ["wait", "wait=", "wait=0", "wait=-1", "wait=x", "return=minimal", ",;="] {
            assert_eq!(of(ignored), Preferences::default(), "{ignored}");
        }
    }
}
