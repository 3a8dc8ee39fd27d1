//! Identity provider at which people sign in to the page, by the authorization code flow of a public client with PKCE
//! (RFC 6749, RFC 7636).

use http::Uri;
use ports::config::{self, ConfigError};
use serde::Serialize;

/// Addresses of a provider, and the page as its client. The page reads this as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    authorize_url: String,
    token_url: String,
    client_id: String,
    /// Scopes to request, separated by spaces.
    scope: String,
}

impl Provider {
    /// Reads the settings. Without a client there is no provider.
    ///
    /// # Errors
    /// If a client is given without both addresses, or with one that is not an `https` URL.
    pub(crate) fn from_env() -> Result<Option<Self>, ConfigError> {
        let Some(client_id) = config::optional("SLUICE_PAGE_CLIENT_ID") else { return Ok(None) };
        let provider = Self {
            authorize_url: config::required("SLUICE_PAGE_AUTHORIZE_URL")?,
            token_url: config::required("SLUICE_PAGE_TOKEN_URL")?,
            client_id,
            scope: config::optional("SLUICE_PAGE_SCOPE").unwrap_or_else(|| "openid".to_owned()),
        };
        let urls = [
            ("SLUICE_PAGE_AUTHORIZE_URL", &provider.authorize_url),
            ("SLUICE_PAGE_TOKEN_URL", &provider.token_url),
        ];
        for (name, url) in urls {
            if origin(url).is_none() {
                return Err(ConfigError::Invalid(name, "https URL"));
            }
        }
        Ok(Some(provider))
    }

    /// Returns the origin of the address that exchanges a code for a token.
    pub(crate) fn token_origin(&self) -> Option<String> {
        origin(&self.token_url)
    }
}

/// Returns the origin of an `https` URL whose host cannot end a directive of a policy.
fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.authority()?.as_str();
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
    (uri.scheme_str() == Some("https") && host.chars().all(plain)).then(|| format!("https://{host}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Returns a provider for tests.
    pub(crate) fn example() -> Provider {
        Provider {
            authorize_url: "https://login.example.com/authorize?audience=sluice".to_owned(),
            token_url: "https://login.example.com:8443/token".to_owned(),
            client_id: "the \"page\" <&>".to_owned(),
            scope: "openid exports".to_owned(),
        }
    }

    #[test]
    fn origin_is_of_an_https_url_without_a_user() {
        assert_eq!(example().token_origin().as_deref(), Some("https://login.example.com:8443"));
        for bad in [
            "http://login.example.com/",
            "https://",
            "/token",
            "https://a@b/",
            "https://a;b/",
            "javascript:alert(1)",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }
}
