//! Query parameters and request headers, parsed strictly: unknown parameters are rejected, not ignored.

use std::str::FromStr;

use axum::extract::Query;
use export::plan::Reuse;
use export::problem::Violation;
use http::{HeaderMap, Uri, header};

use crate::error::ApiError;

/// Maximum length of an idempotency key.
const MAX_KEY_CHARS: usize = 255;

/// Query parameters of one request, and the violations found in them.
pub(crate) struct Params {
    given: Vec<(String, String)>,
    wrong: Vec<Violation>,
}

impl Params {
    /// Parses the query. Only names in `known` are allowed, once each.
    pub(crate) fn read(uri: &Uri, known: &[&str]) -> Self {
        let mut wrong = Vec::new();
        let given =
            Query::<Vec<(String, String)>>::try_from_uri(uri).map(|query| query.0).unwrap_or_else(|_| {
                wrong.push(Violation::new("?", "the query string is malformed", "percent-encode it"));
                Vec::new()
            });
        let remedy = match known {
            [] => "remove the query string".to_owned(),
            known => format!("the allowed parameters are {}", known.join(", ")),
        };
        for (i, (name, _)) in given.iter().enumerate().take(20) {
            let shown: String = name.chars().take(60).collect();
            if !known.contains(&name.as_str()) {
                wrong.push(Violation::new(format!("?{shown}"), "unknown parameter", remedy.clone()));
            } else if given[..i].iter().any(|(earlier, _)| earlier == name) {
                wrong.push(Violation::new(format!("?{shown}"), "the parameter is repeated", "send it once"));
            }
        }
        Self { given, wrong }
    }

    /// Returns the parameter parsed with `read`, if present. `remedy` describes the allowed values.
    pub(crate) fn get<T>(
        &mut self,
        name: &str,
        remedy: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let (_, text) = self.given.iter().find(|(given, _)| given == name)?;
        let value = read(text);
        if value.is_none() {
            self.wrong.push(Violation::new(format!("?{name}"), "the value is not valid", remedy));
        }
        value
    }

    /// Returns a boolean parameter: `true` or `false`; false if absent.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        self.get(name, "use true or false", |text| text.parse().ok()).unwrap_or(false)
    }

    /// Returns `limit`, from 1 to `most`.
    pub(crate) fn limit(&mut self, default: usize, most: usize) -> usize {
        let fits = |text: &str| usize::from_str(text).ok().filter(|n| (1..=most).contains(n));
        self.get("limit", &format!("use a whole number from 1 to {most}"), fits).unwrap_or(default)
    }

    /// Returns `cursor`, as an earlier page returned it.
    pub(crate) fn cursor<T: FromStr>(&mut self) -> Option<T> {
        self.get("cursor", "use nextCursor of the previous page, or omit the parameter", |text| {
            text.parse().ok()
        })
    }

    /// Returns the value of a header, or records its violation.
    pub(crate) fn header<T>(&mut self, read: Result<T, Violation>) -> Option<T> {
        read.map_err(|violation| self.wrong.push(violation)).ok()
    }

    /// Ends parsing. Fails if there are violations.
    pub(crate) fn check(self) -> Result<(), ApiError> {
        if self.wrong.is_empty() { Ok(()) } else { Err(ApiError::bad_request(self.wrong)) }
    }
}

/// Parses the `Idempotency-Key` header: at most 255 printable ASCII characters.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Violation> {
    let wrong = |message| {
        let remedy =
            format!("send one value of 1 to {MAX_KEY_CHARS} printable ASCII characters, such as a UUID");
        Err(Violation::new("Idempotency-Key", message, remedy))
    };
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return wrong("the header is repeated");
    }
    let text = value.to_str().unwrap_or_default();
    let fits = (1..=MAX_KEY_CHARS).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b));
    if fits { Ok(Some(text.to_owned())) } else { wrong("the value is not valid") }
}

/// Parses the reuse policy from the `Cache-Control` header of a request. Directives without a meaning here are
/// ignored, as HTTP requires.
pub(crate) fn reuse(headers: &HeaderMap) -> Result<Reuse, Violation> {
    let mut reuse = Reuse::Settled;
    let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|v| v.to_str().ok());
    for directive in values.flat_map(|value| value.split(',')) {
        let directive = directive.trim().to_ascii_lowercase();
        if matches!(directive.as_str(), "no-cache" | "no-store") {
            return Ok(Reuse::Never);
        }
        let Some(age) = directive.strip_prefix("max-age=") else { continue };
        let Ok(secs) = age.trim_matches('"').parse::<u64>() else {
            let remedy = "use whole seconds, such as max-age=3600";
            return Err(Violation::new("Cache-Control", "max-age is not a number", remedy));
        };
        reuse = match reuse {
            Reuse::MaxAge(earlier) => Reuse::MaxAge(earlier.min(secs)),
            _ => Reuse::MaxAge(secs),
        };
    }
    Ok(reuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn unknown_and_invalid_parameters_are_refused() {
        let uri = "/x?limit=0&limit=5&dryrun=true&links=yes".parse().unwrap();
        let mut params = Params::read(&uri, &["limit", "links"]);
        assert_eq!((params.limit(50, 200), params.flag("links")), (50, false));
        let error = params.check().unwrap_err();
        let found: Vec<_> = error.violations.iter().map(|v| v.pointer.as_str()).collect();
        assert_eq!((error.status.as_u16(), found), (400, vec!["?limit", "?dryrun", "?limit", "?links"]));
    }

    #[test]
    fn valid_parameters_are_read() {
        let uri = "/x?limit=5&links=true".parse().unwrap();
        let mut params = Params::read(&uri, &["limit", "links"]);
        assert_eq!((params.limit(50, 200), params.flag("links"), params.flag("other")), (5, true, false));
        assert!(params.check().is_ok());
    }

    #[test]
    fn an_idempotency_key_is_printable_and_short() {
        let read = |values: &[&str]| idempotency_key(&headers("idempotency-key", values));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["a b-1"]), Ok(Some("a b-1".to_owned())));
        assert_eq!(read(&[&"k".repeat(255)]).map(|k| k.map(|k| k.len())), Ok(Some(255)));
        for bad in [&[""][..], &[&"k".repeat(256)], &["a\tb"], &["é"], &["a", "b"]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn cache_control_limits_reuse() {
        let read = |values: &[&str]| reuse(&headers("cache-control", values));
        assert_eq!(read(&[]), Ok(Reuse::Settled));
        assert_eq!(read(&["No-Cache"]), Ok(Reuse::Never));
        assert_eq!(read(&["max-age=60, max-stale", "max-age=30"]), Ok(Reuse::MaxAge(30)));
        assert_eq!(read(&["max-age=60, no-cache"]), Ok(Reuse::Never));
        assert_eq!(read(&["only-if-cached"]), Ok(Reuse::Settled));
        assert!(read(&["max-age=soon"]).is_err());
    }
}
