//! The endpoints of the api, one method each.

mod export_filter;
mod pacer;
mod raw;
mod reuse;
mod saved;
mod service;
mod transport;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use export::id::ExportId;
use export::manifest::Manifest;
use export::state::ExportStatus;
use export::wire::{BASE_PATH, ChunkList, DryRun, Export, ExportList, FileList};
use reqwest::header::{HeaderValue, LOCATION};
use reqwest::{Method, Url, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::error::{API, STORAGE};
pub use export_filter::ExportFilter;
use pacer::Pacer;
pub use raw::RawResponse;
pub use reuse::Reuse;
use transport::Call;

/// Client of one api with one key. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    authorization: Option<HeaderValue>,
    retries: Retries,
    reuse: Reuse,
    pacer: Option<Arc<Pacer>>,
    notice: Option<Notice>,
}

/// Callback that receives the reason and the length of a wait.
type Notice = Arc<dyn Fn(&str, Duration) + Send + Sync>;

/// Limits on automatic retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Maximum number of tries of one call, including the first; for a download: tries without a single new byte.
    pub tries: u32,
    /// Wait after the first failure. It doubles with each further one.
    pub first_wait: Duration,
    /// Longest wait. If `Retry-After` is longer, the client does not wait and returns the error response.
    pub longest_wait: Duration,
    /// Time for which a repeatable call is retried, whatever the number of tries, while the api or the object store
    /// cannot be reached or is unavailable (502, 503, 504).
    pub outage: Duration,
    /// Total time for which one call waits while the api returns 429. Such a call had no effect, so any call may be
    /// sent again, any number of times.
    pub patience: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            tries: 6,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(60),
            outage: Duration::ZERO,
            patience: Duration::from_secs(120),
        }
    }
}

/// Accepted export.
#[derive(Clone, Debug, PartialEq)]
pub struct Submitted {
    /// State of the export.
    pub export: Export,
    /// True if an earlier request with the same idempotency key created the export.
    pub replayed: bool,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// Creates a client. `url` is the api's address, with or without `/api/v1`; a path before it is kept unchanged.
    /// `key` is an api key or a JWT; `None` if none is needed. It is only sent over https, or to this machine.
    ///
    /// # Errors
    /// If the address or the key is invalid, or the key would be sent unencrypted.
    pub fn new(url: &str, key: Option<&str>) -> Result<Self, Error> {
        let client = Self::insecure(url, key)?;
        match client.base.host_str() {
            Some(host) if key.is_some() && client.base.scheme() == "http" && !is_loopback(host) => {
                Err(Error::PlainHttp { host: host.to_owned() })
            }
            _ => Ok(client),
        }
    }

    /// Creates a client that also sends the key unencrypted.
    ///
    /// # Errors
    /// If the address or the key is invalid.
    pub fn insecure(url: &str, key: Option<&str>) -> Result<Self, Error> {
        let bad = || Error::BadUrl { url: url.to_owned() };
        let trimmed = url.trim().trim_end_matches('/');
        let path = if trimmed.ends_with(BASE_PATH) { "" } else { BASE_PATH };
        let base = Url::parse(&format!("{trimmed}{path}")).map_err(|_| bad())?;
        if !matches!(base.scheme(), "http" | "https") || base.query().is_some() {
            return Err(bad());
        }
        let authorization = key.map(bearer).transpose()?;
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
            // Redirects are followed by this client itself, since the key must not reach the object store.
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60));
        if base.host_str().is_some_and(is_loopback) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(Error::connection(API))?;
        let (retries, reuse) = (Retries::default(), Reuse::default());
        Ok(Self { http, base, authorization, retries, reuse, pacer: None, notice: None })
    }

    /// Sets the limits on retries.
    #[must_use]
    pub fn with_retries(self, retries: Retries) -> Self {
        Self { retries, ..self }
    }

    /// Sets which chunks read earlier an export or a plan may reuse.
    #[must_use]
    pub fn with_reuse(self, reuse: Reuse) -> Self {
        Self { reuse, ..self }
    }

    /// Limits the rate of all downloads of this client and its clones together, in bytes per second.
    #[must_use]
    pub fn with_rate_limit(self, bytes_per_second: u64) -> Self {
        Self { pacer: Some(Arc::new(Pacer::new(bytes_per_second))), ..self }
    }

    /// Sets a callback that receives the reason and length of each longer wait: when the api returns 429, and when it
    /// cannot be reached.
    #[must_use]
    pub fn with_notice(self, notice: impl Fn(&str, Duration) + Send + Sync + 'static) -> Self {
        Self { notice: Some(Arc::new(notice)), ..self }
    }

    /// Returns the limits on retries.
    pub fn retries(&self) -> Retries {
        self.retries
    }

    /// `POST /exports`: submits an export. Sending the same request again with the same idempotency key returns the
    /// same export; the client does so automatically when the connection fails.
    ///
    /// # Errors
    /// If the request is rejected ([`Error::Problem`] lists every violation) or the api cannot be reached.
    pub async fn submit(&self, request: &impl Serialize, idempotency_key: &str) -> Result<Submitted, Error> {
        let call = self.post(&["exports"], &[]).body(request)?.reuse(self.reuse);
        let reply = self.call(&call.idempotency_key(idempotency_key)).await?;
        let replayed = reply.headers.get("idempotent-replayed").is_some_and(|v| v == "true");
        Ok(Submitted { export: reply.json("export")?, replayed })
    }

    /// `POST /exports?dryRun=true`: returns the plan of an export. Nothing is stored.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn plan(&self, request: &impl Serialize) -> Result<DryRun, Error> {
        let call = self.post(&["exports"], &[("dryRun", "true")]).body(request)?.reuse(self.reuse);
        self.call(&call.repeatable()).await?.json("plan")
    }

    /// `GET /exports/{id}`: returns one export.
    ///
    /// # Errors
    /// If there is no such export of the caller, or the api cannot be reached.
    pub async fn export(&self, id: ExportId) -> Result<Export, Error> {
        self.get(&["exports", &id.to_string()], &[], "export").await
    }

    /// `GET /exports`: returns one page of the caller's exports, newest first.
    ///
    /// # Errors
    /// If the api returns an error or cannot be reached.
    pub async fn exports(&self, filter: &ExportFilter, cursor: Option<&str>) -> Result<ExportList, Error> {
        let parameters = filter.parameters();
        let parameters = parameters.iter().map(|(name, value)| (*name, value.as_str()));
        let query: Vec<_> = parameters.chain(cursor.map(|c| ("cursor", c))).collect();
        self.get(&["exports"], &query, "list of exports").await
    }

    /// `GET /exports/{id}/files`: returns one page of the files written so far, with links if `links` is true.
    ///
    /// # Errors
    /// If there is no such export of the caller, or the api cannot be reached.
    pub async fn files(&self, id: ExportId, cursor: Option<&str>, links: bool) -> Result<FileList, Error> {
        let links = links.then_some(("links", "true"));
        let query: Vec<_> = links.into_iter().chain(cursor.map(|c| ("cursor", c))).collect();
        self.get(&["exports", &id.to_string(), "files"], &query, "list of files").await
    }

    /// `GET /exports/{id}/chunks`: returns one page of the chunks with their history.
    ///
    /// # Errors
    /// If there is no such export of the caller, or the api cannot be reached.
    pub async fn chunks(&self, id: ExportId, cursor: Option<&str>) -> Result<ChunkList, Error> {
        let query: Vec<_> = cursor.map(|c| ("cursor", c)).into_iter().collect();
        self.get(&["exports", &id.to_string(), "chunks"], &query, "list of chunks").await
    }

    /// `GET /exports/{id}/manifest`: follows the redirect and returns the manifest.
    ///
    /// # Errors
    /// If the export has not succeeded, or the manifest cannot be loaded.
    pub async fn manifest(&self, id: ExportId) -> Result<Manifest, Error> {
        Ok(self.manifest_text(id).await?.0)
    }

    /// Returns the manifest and its exact bytes.
    ///
    /// # Errors
    /// As [`Client::manifest`].
    pub async fn manifest_text(&self, id: ExportId) -> Result<(Manifest, Bytes), Error> {
        let mut failures = 0;
        loop {
            let link = self.link(&["exports", &id.to_string(), "manifest"]).await?;
            let bytes = match self.object(link, 0).await {
                Ok(response) => response.bytes().await.map_err(Error::connection(STORAGE)),
                Err(error) => Err(error),
            };
            match bytes {
                Ok(bytes) => {
                    let manifest = serde_json::from_slice(&bytes)
                        .map_err(|source| Error::Body { what: "manifest", source })?;
                    return Ok((manifest, bytes));
                }
                Err(error) => {
                    failures += 1;
                    if !error.may_pass() || failures >= self.retries.tries {
                        return Err(error);
                    }
                    self.wait(failures, None).await;
                }
            }
        }
    }

    /// `DELETE /exports/{id}?if=live`: cancels a live export and returns it. An export that is canceled already is
    /// returned, too, so that a repeated call succeeds. Files are never deleted.
    ///
    /// # Errors
    /// If the export has ended otherwise (409), there is no such export of the caller, or the api cannot be reached.
    pub async fn cancel(&self, id: ExportId) -> Result<Export, Error> {
        match self.call(&self.end(id, "live").repeatable()).await {
            Ok(reply) => reply.json("export"),
            Err(error) if error.status() == Some(409) => match self.export(id).await? {
                export if export.status == ExportStatus::Canceled => Ok(export),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// `DELETE /exports/{id}?if=ended`: deletes an ended export with its files. It is not retried automatically.
    ///
    /// # Errors
    /// If the export is live (409), there is no such export of the caller, or the api cannot be reached.
    pub async fn delete(&self, id: ExportId) -> Result<(), Error> {
        self.call(&self.end(id, "ended")).await.map(drop)
    }

    fn end(&self, id: ExportId, expected: &str) -> Call {
        Call::new(Method::DELETE, self.url(&["exports", &id.to_string()], &[("if", expected)]))
    }

    /// `POST /exports/{id}/retry`: plans the failed ranges again. It is not retried automatically.
    ///
    /// # Errors
    /// If the export has not failed, or the api cannot be reached.
    pub async fn retry(&self, id: ExportId) -> Result<Export, Error> {
        let call = self.post(&["exports", &id.to_string(), "retry"], &[]);
        self.call(&call).await?.json("export")
    }

    /// `POST /exports/{id}/extend`: keeps its files longer. It is not retried automatically.
    ///
    /// # Errors
    /// If there is no such export of the caller, or the api cannot be reached.
    pub async fn extend(&self, id: ExportId) -> Result<Export, Error> {
        let call = self.post(&["exports", &id.to_string(), "extend"], &[]);
        self.call(&call).await?.json("export")
    }

    /// Returns the address of the api.
    pub(crate) fn address(&self) -> &str {
        self.base.as_str()
    }

    /// Waits after received bytes of a file, if the rate is limited.
    pub(crate) async fn pace(&self, bytes: usize) {
        if let Some(pacer) = &self.pacer {
            tokio::time::sleep(pacer.take(bytes, std::time::Instant::now())).await;
        }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        what: &'static str,
    ) -> Result<T, Error> {
        self.call(&Call::new(Method::GET, self.url(path, query))).await?.json(what)
    }

    fn post(&self, path: &[&str], query: &[(&str, &str)]) -> Call {
        Call::new(Method::POST, self.url(path, query))
    }

    /// Requests the link of an object: the target of the api's redirect.
    pub(crate) async fn link(&self, path: &[&str]) -> Result<Url, Error> {
        let url = self.url(path, &[]);
        let reply = self.call(&Call::new(Method::GET, url.clone())).await?;
        let target = reply.headers.get(LOCATION).and_then(|l| l.to_str().ok());
        match target.and_then(|target| url.join(target).ok()) {
            Some(link) if (300..400).contains(&reply.status) => Ok(link),
            _ => Err(reply.unexpected()),
        }
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// Returns true if a host is this machine. Another name is not, whatever it resolves to; nor is a name below
/// `localhost`, which some resolvers send to name servers.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    address || host == "localhost"
}

fn bearer(key: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.trim())).map_err(|_| Error::BadKey)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
