//! Origins whose pages may use the api from a browser (CORS): none, unless the operator lists them.

use http::{HeaderMap, HeaderValue, header};
use ports::config::{self, ConfigError};

/// Origins whose pages may use the api. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    origins: Vec<String>,
}

impl Cors {
    /// Reads the setting: origins separated by commas, such as `https://app.example.com`, or `*` for any.
    ///
    /// # Errors
    /// If one of them is not an origin.
    pub fn from_env() -> Result<Self, ConfigError> {
        let given = config::optional("SLUICE_CORS_ORIGINS").unwrap_or_default();
        let wanted = "list of origins such as https://app.example.com";
        Self::parse(&given).ok_or(ConfigError::Invalid("SLUICE_CORS_ORIGINS", wanted))
    }

    /// Parses a list of origins; `None` if one of them is malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let given = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let origins: Vec<_> = given.map(|origin| origin.to_ascii_lowercase()).collect();
        origins.iter().all(|origin| is_origin(origin)).then_some(Self { origins })
    }

    /// Returns true if no origin is allowed.
    pub(crate) fn is_off(&self) -> bool {
        self.origins.is_empty()
    }

    /// Returns the value of `Access-Control-Allow-Origin` for a request; `None` if its origin is not allowed.
    pub(crate) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        let text = origin.to_str().ok()?;
        if self.origins.iter().any(|known| known == "*") {
            return Some(HeaderValue::from_static("*"));
        }
        self.origins.iter().any(|known| known == text).then(|| origin.clone())
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ', '?', '#', '@', '*']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(list: &str, origin: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        let allowed = Cors::parse(list).unwrap().allowed(&headers);
        allowed.map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn only_listed_origins_are_allowed() {
        let list = "https://app.example.com, http://localhost:8080";
        for origin in ["https://app.example.com", "http://localhost:8080"] {
            assert_eq!(allowed(list, origin).as_deref(), Some(origin));
        }
        for other in
            ["https://example.com", "http://app.example.com", "null", "https://app.example.com.evil.org"]
        {
            assert_eq!(allowed(list, other), None, "{other}");
            assert_eq!(allowed("", other), None, "off by default");
            assert_eq!(allowed("*", other).as_deref(), Some("*"));
        }
    }

    #[test]
    fn malformed_origins_are_refused() {
        for bad in
            ["example.com", "https://", "https://a/b", "https://a,ftp://b", "https://*.example.com", "null"]
        {
            assert_eq!(Cors::parse(bad), None, "{bad}");
        }
    }
}
