//! Requests to any path of the api, with the response as it is.

use export::wire::BASE_PATH;
use reqwest::header::LOCATION;
use reqwest::{Method, Url};
use serde_json::Value;

use super::Client;
use super::transport::Call;
use crate::Error;

/// Response of the api, whatever its status.
#[derive(Clone, Debug, PartialEq)]
pub struct RawResponse {
    /// HTTP status.
    pub status: u16,
    /// Target of a redirect, which is not followed.
    pub location: Option<String>,
    /// Body; null if it is empty, a text if it is not JSON.
    pub body: Value,
}

impl Client {
    /// Sends a request to a path of the api, such as `/exports?limit=1`, with or without `/api/v1` before it. A `GET`
    /// is retried like any other call, and a `POST` if it has an idempotency key.
    ///
    /// # Errors
    /// If the path would lead out of the api, which would reveal the key, or the api cannot be reached. An error
    /// response is not an error here.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        idempotency_key: Option<&str>,
    ) -> Result<RawResponse, Error> {
        let mut call = Call::new(method, self.raw_url(path)?);
        if let Some(body) = body {
            call = call.body(body)?;
        }
        if let Some(key) = idempotency_key {
            call = call.idempotency_key(key);
        }
        let reply = self.exchange(&call).await?;
        let location = reply.headers.get(LOCATION).and_then(|l| l.to_str().ok()).map(str::to_owned);
        let body = match serde_json::from_slice(&reply.body) {
            Ok(json) => json,
            Err(_) if reply.body.is_empty() => Value::Null,
            Err(_) => Value::from(String::from_utf8_lossy(&reply.body).into_owned()),
        };
        Ok(RawResponse { status: reply.status, location, body })
    }

    fn raw_url(&self, path: &str) -> Result<Url, Error> {
        let bad = || Error::BadPath { path: path.to_owned() };
        let below = path.strip_prefix(BASE_PATH).unwrap_or(path);
        if !below.starts_with('/') {
            return Err(bad());
        }
        let base = self.base.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}{below}")).map_err(|_| bad())?;
        // Dot segments are resolved by the parser: a path above the base no longer begins with it.
        if url.as_str().starts_with(&format!("{base}/")) { Ok(url) } else { Err(bad()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, Server};

    #[test]
    fn path_cannot_leave_the_api() {
        let client = Client::new("https://example.org/stage", None).unwrap();
        let url = |path: &str| client.raw_url(path).map(|url| url.to_string());
        let expected = "https://example.org/stage/api/v1/exports?limit=1";
        assert_eq!(url("/exports?limit=1").unwrap(), expected);
        assert_eq!(url("/api/v1/exports?limit=1").unwrap(), expected);
        for bad in ["exports", "https://evil.example/", "/../../x", "/%2e%2e/x", "", "@evil.example/"] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn error_response_is_returned_as_it_is() {
        let server = Server::start(|_, _| Reply::new(404, r#"{"title":"x","requestId":"r"}"#));
        let reply = server.client().raw(Method::DELETE, "/exports/x", None, None).await.unwrap();
        assert_eq!((reply.status, reply.body["requestId"].as_str()), (404, Some("r")));
        let request = &server.requests()[0];
        assert_eq!(request.line, "DELETE /api/v1/exports/x");
        assert_eq!(request.header("authorization"), Some("Bearer slc_1_secret"));
    }
}
