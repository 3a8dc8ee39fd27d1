//! URL of a webhook, as the operator gives it. The function that sends checks addresses again, after resolution of the name.

use std::net::IpAddr;

use super::is_public;
use crate::problem::Violation;

/// Maximum length of a URL in bytes.
const MAX_BYTES: usize = 2_000;

/// Checks the URL of a webhook: `https`, a host, no user, no fragment, and no private address.
///
/// # Errors
/// The violation.
pub fn check_url(url: &str) -> Result<(), Violation> {
    let refuse = |message: &str, remedy: &str| Err(Violation::new("url", message, remedy));
    let Some(rest) = url.strip_prefix("https://") else {
        return refuse("the URL does not begin with https://", "use an endpoint with TLS");
    };
    if url.len() > MAX_BYTES || !url.bytes().all(|b| b.is_ascii_graphic()) {
        return refuse(
            "the URL has a space or another character that is not allowed, or is too long",
            "encode it",
        );
    }
    if url.contains('#') {
        return refuse("the URL has a fragment, which is never sent", "remove it");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return refuse("the URL has a user", "remove it; the receiver verifies the signature instead");
    }
    let host = host_of(authority);
    if host.is_empty() {
        return refuse("the URL has no host", "write https://HOST/PATH");
    }
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) if !is_public(address) => {
            refuse("the URL has an address that is not public", "use an endpoint that the internet reaches")
        }
        _ => Ok(()),
    }
}

/// Returns the host of an authority, with the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    match authority.find(']') {
        Some(end) => &authority[..=end],
        None => authority.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_https_is_accepted() {
        for good in
            ["https://hooks.example.com/a?b=c", "https://hooks.example.com:8443", "https://[2606:4700::1]/"]
        {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in [
            "http://hooks.example.com/",
            "ftp://x",
            "https://",
            "https:///path",
            "https://user:pw@example.com/",
            "https://example.com/#x",
            "https://exa mple.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]:443/",
            "https://169.254.169.254/latest/meta-data",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
