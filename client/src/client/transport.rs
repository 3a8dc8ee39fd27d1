//! Calls: one request, retried where that is safe, until there is a response.

use std::time::{Duration, Instant};

use bytes::Bytes;
use export::wire::Problem;
use reqwest::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, LOCATION, RANGE, RETRY_AFTER};
use reqwest::{Method, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

use super::{Client, Reuse};
use crate::Error;
use crate::error::{API, STORAGE, with_causes};

/// Maximum number of redirects of the object store. A new bucket at first redirects to the host of its region.
const MAX_OBJECT_REDIRECTS: u32 = 3;

/// Longest wait between two attempts to reach a server, so that work continues soon after it is back.
const MAX_RECONNECT_WAIT: Duration = Duration::from_secs(10);

/// Number of tries and time after which a failure is reported. Shorter failures resolve by themselves.
const REPORTED_FAILURES: u32 = 3;
const REPORTED_AFTER: Duration = Duration::from_secs(1);

/// Timeout of a complete response of the api, which itself gives up after 30 s.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Request to the api.
pub(super) struct Call {
    method: Method,
    url: Url,
    body: Option<Vec<u8>>,
    idempotency_key: Option<String>,
    reuse: Reuse,
    repeatable: bool,
}

/// Response of the api.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn new(method: Method, url: Url) -> Self {
        let repeatable = method == Method::GET;
        Self { method, url, body: None, idempotency_key: None, reuse: Reuse::Settled, repeatable }
    }

    pub(super) fn body(self, body: &impl Serialize) -> Result<Self, Error> {
        let json = serde_json::to_vec(body).map_err(|source| Error::Body { what: "request", source })?;
        Ok(Self { body: Some(json), ..self })
    }

    pub(super) fn idempotency_key(self, key: &str) -> Self {
        Self { idempotency_key: Some(key.to_owned()), repeatable: true, ..self }
    }

    /// Sets which chunks read earlier may be reused.
    pub(super) fn reuse(self, reuse: Reuse) -> Self {
        Self { reuse, ..self }
    }

    /// Marks the call as repeatable: sending it twice has the same effect as sending it once.
    pub(super) fn repeatable(self) -> Self {
        Self { repeatable: true, ..self }
    }
}

impl Client {
    /// Sends a call. A failed connection and the statuses 502, 503 and 504 are retried; on 429 the client waits.
    /// Error responses are errors.
    pub(super) async fn call(&self, call: &Call) -> Result<Reply, Error> {
        self.exchange(call).await.and_then(Reply::checked)
    }

    /// Sends a call and returns the response, whatever its status.
    pub(super) async fn exchange(&self, call: &Call) -> Result<Reply, Error> {
        let (mut failures, began) = (0, Instant::now());
        let mut waited = (0, Duration::ZERO);
        loop {
            let answer = self.send(call).await;
            if let Ok(reply) = &answer
                && reply.status == 429
                && let Some(waits) = self.wait_for_room(reply, waited).await
            {
                waited = waits;
                continue;
            }
            let (passing, pause) = match &answer {
                Ok(reply) => (matches!(reply.status, 502..=504), retry_after(&reply.headers)),
                Err(_) => (true, None),
            };
            failures += 1;
            let too_long = pause.is_some_and(|pause| pause > self.retries.longest_wait);
            let patient = failures < self.retries.tries || began.elapsed() < self.retries.outage;
            if !passing || !call.repeatable || too_long || !patient {
                return answer;
            }
            if failures >= REPORTED_FAILURES || began.elapsed() >= REPORTED_AFTER {
                let reason = match answer.and_then(Reply::checked) {
                    Ok(_) => "the API is not available".to_owned(),
                    Err(error) => with_causes(&error),
                };
                self.notify(&reason, pause.unwrap_or_else(|| self.doubled(failures)));
            }
            self.wait(failures, pause).await;
        }
    }

    async fn send(&self, call: &Call) -> Result<Reply, Error> {
        let mut request = self.http.request(call.method.clone(), call.url.clone()).timeout(CALL_TIMEOUT);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        if let Some(key) = &call.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(directive) = call.reuse.directive() {
            request = request.header(CACHE_CONTROL, directive);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let mut response = request.send().await.map_err(Error::connection(API))?;
        let headers = std::mem::take(response.headers_mut());
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(Error::connection(API))?;
        Ok(Reply { status, headers, body })
    }

    /// Begins to download an object from byte `from`. No key is sent, since the link itself grants access.
    pub(crate) async fn object(&self, link: Url, from: u64) -> Result<Response, Error> {
        let mut url = link;
        for _ in 0..=MAX_OBJECT_REDIRECTS {
            let mut request = self.http.get(url.clone());
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let response = request.send().await.map_err(Error::connection(STORAGE))?;
            let status = response.status();
            let target = response.headers().get(LOCATION).and_then(|l| l.to_str().ok());
            match target.and_then(|target| url.join(target).ok()) {
                Some(next) if status.is_redirection() => url = next,
                _ if status.is_success() => return Ok(response),
                _ => return Err(Error::Object { status: status.as_u16() }),
            }
        }
        Err(Error::Object { status: 310 })
    }

    /// Waits as long as a 429 requires and reports it; `waited` is the number and total time of earlier waits. `None`
    /// if that would exceed the limit.
    async fn wait_for_room(
        &self,
        reply: &Reply,
        (times, before): (u32, Duration),
    ) -> Option<(u32, Duration)> {
        let asked = retry_after(&reply.headers);
        let pause = asked.unwrap_or_else(|| self.doubled(times + 1));
        if before + pause > self.retries.patience {
            return None;
        }
        let problem = serde_json::from_slice::<Problem>(&reply.body).unwrap_or_default();
        self.notify(if problem.detail.is_empty() { "too many requests" } else { &problem.detail }, pause);
        self.wait(times + 1, Some(pause)).await;
        Some((times + 1, before + pause))
    }

    pub(crate) fn notify(&self, reason: &str, wait: Duration) {
        if let Some(notice) = &self.notice {
            notice(reason, wait);
        }
    }

    pub(crate) fn doubled(&self, failures: u32) -> Duration {
        let doubled = self.retries.first_wait.saturating_mul(1 << failures.saturating_sub(1).min(16));
        doubled.min(self.retries.longest_wait).min(MAX_RECONNECT_WAIT)
    }

    /// Waits as long as the server requested, or longer after each failure; with a random part, so that many clients
    /// do not retry at the same time.
    pub(crate) async fn wait(&self, failures: u32, asked: Option<Duration>) {
        let wait = asked.unwrap_or_else(|| self.doubled(failures));
        let mut random = [0; 1];
        // Without randomness the waits of clients are merely not spread.
        let _ = getrandom::fill(&mut random);
        tokio::time::sleep(wait + self.retries.first_wait.mul_f64(f64::from(random[0]) / 256.0)).await;
    }
}

impl Reply {
    pub(super) fn json<T: DeserializeOwned>(&self, what: &'static str) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|source| match source.classify() {
            // Not JSON at all: a page of another server.
            Category::Syntax | Category::Eof => self.unexpected(),
            Category::Data | Category::Io => Error::Body { what, source },
        })
    }

    /// Returns the error for an unexpected response. The page of another server is not shown: it may be long, and is
    /// not about this api.
    pub(super) fn unexpected(&self) -> Error {
        let message = match serde_json::from_slice::<Value>(&self.body) {
            Ok(Value::Object(object)) => match object.get("message").and_then(Value::as_str) {
                Some(message) => message.to_owned(),
                None => Value::Object(object).to_string(),
            },
            _ => String::new(),
        };
        Error::Unexpected { status: self.status, message: message.chars().take(300).collect() }
    }

    fn checked(self) -> Result<Self, Error> {
        if self.status < 400 {
            return Ok(self);
        }
        match serde_json::from_slice::<Problem>(&self.body) {
            Ok(problem) if !(problem.title.is_empty() && problem.detail.is_empty()) => {
                Err(Error::Problem(Box::new(Problem { status: self.status, ..problem })))
            }
            _ => Err(self.unexpected()),
        }
    }
}

/// Reads `Retry-After` in seconds; a date is ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
