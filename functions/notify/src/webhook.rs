//! Client of webhooks: HTTPS only, no redirects, and no addresses but public ones.

mod resolver;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use export::webhook::is_public;
use ports::telemetry::chain;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Url, redirect};

use resolver::{NotPublic, PublicOnly, address_of};

/// Maximum time of one attempt, connecting included.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);

/// Maximum time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Names of the headers that Standard Webhooks defines.
const HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// Client of webhooks.
#[derive(Clone, Debug)]
pub struct Webhooks {
    client: Client,
    /// True if loopback addresses are permitted, without TLS too.
    loopback: bool,
}

/// Result of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status, if the receiver answered.
    pub status: Option<u16>,
    /// Reason why it has not accepted the event.
    pub failure: Option<String>,
    /// Seconds of `Retry-After`.
    pub retry_after_secs: Option<u32>,
}

impl Webhooks {
    /// Configures the client. `loopback` permits receivers on this machine, for the local stack.
    ///
    /// # Errors
    /// If TLS cannot be used.
    pub fn new(loopback: bool) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
            // A redirect would lead to an address that the operator has not allowed.
            .redirect(redirect::Policy::none())
            // A proxy would resolve names itself.
            .no_proxy()
            .dns_resolver(Arc::new(PublicOnly { loopback }))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // An environment may be frozen for hours between two events.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self { client, loopback })
    }

    /// Sends one event. `headers` are the id, the timestamp and the signature.
    pub async fn post(&self, url: &str, headers: [&str; 3], body: &str) -> Answer {
        let url = match self.checked(url) {
            Ok(url) => url,
            Err(failure) => return Answer { failure: Some(failure), ..Answer::default() },
        };
        let mut request =
            self.client.post(url).header(CONTENT_TYPE, "application/json").body(body.to_owned());
        for (name, value) in HEADERS.into_iter().zip(headers) {
            request = request.header(name, value);
        }
        match request.send().await {
            Ok(response) => {
                let status = response.status();
                let wait = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
                let failure = (!status.is_success()).then(|| described(status.as_u16()));
                Answer { status: Some(status.as_u16()), failure, retry_after_secs: wait }
            }
            Err(error) => Answer { failure: Some(reason(&error)), ..Answer::default() },
        }
    }

    /// Parses and checks a URL. An address in it is never resolved, so it is checked here.
    fn checked(&self, url: &str) -> Result<Url, String> {
        let url = Url::parse(url).map_err(|error| format!("the URL is not valid: {error}"))?;
        let address = address_of(&url);
        let is_here = match address {
            Some(address) => address.is_loopback(),
            None => url.host_str() == Some("localhost"),
        };
        if url.scheme() != "https" && !(self.loopback && is_here) {
            return Err("the URL does not begin with https://".to_owned());
        }
        match address {
            Some(address) if !(is_public(address) || self.loopback && is_here) => {
                Err(NotPublic(address).to_string())
            }
            _ => Ok(url),
        }
    }
}

/// Describes a status other than success.
fn described(status: u16) -> String {
    match status {
        300..=399 => {
            format!("status {status}: redirects are not followed; add the webhook again with the new URL")
        }
        _ => format!("status {status}"),
    }
}

/// Returns the reason of an error for the operator, without the URL.
fn reason(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the request failed"
    };
    let source = std::error::Error::source(error).map(|source| format!(": {}", chain(source)));
    format!("{kind}{}", source.unwrap_or_default())
}
