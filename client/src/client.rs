//! The endpoints of the api, one method each.

mod transport;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use export::chunk::ExportStatus;
use export::id::ExportId;
use export::manifest::Manifest;
use export::wire::{BASE_PATH, ChunkList, Dataset, DatasetList, Export, ExportList, FileList, Plan};
use reqwest::header::{HeaderValue, LOCATION};
use reqwest::{Method, Url, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::error::API;
use transport::Call;

/// Speaks to one api with one key. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    authorization: Option<HeaderValue>,
    retries: Retries,
    notice: Option<Notice>,
}

/// Receives the reason of a wait, and its length.
type Notice = Arc<dyn Fn(&str, Duration) + Send + Sync>;

/// How often and how long the client tries again by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Tries of one call, the first included; of a download: tries without a single new byte.
    pub tries: u32,
    /// Wait after the first failure; it doubles with each further one.
    pub first_wait: Duration,
    /// Longest wait. A `Retry-After` beyond it is not waited for: the answer is handed out.
    pub longest_wait: Duration,
    /// How long a call that may be repeated goes on, however many tries that takes, while the api or the object
    /// store cannot be reached or is not available (502, 503, 504).
    pub outage: Duration,
    /// How long one call waits in all while the api answers 429. Such a call did nothing, so any call may be sent
    /// again, as often as it takes.
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

/// An export that was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Submitted {
    /// The export.
    pub export: Export,
    /// Whether an earlier request with the same idempotency key made it.
    pub replayed: bool,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// Makes a client. `url` is the api's address, with or without `/api/v1`; what stands before is
    /// taken as it is. `key` is an api key or a JWT; `None` where none is needed. It is sent over https, or to
    /// this machine.
    ///
    /// # Errors
    /// If the address or the key cannot be used, or the key would be readable on the way.
    pub fn new(url: &str, key: Option<&str>) -> Result<Self, Error> {
        let client = Self::insecure(url, key)?;
        match client.base.host_str() {
            Some(host) if key.is_some() && client.base.scheme() == "http" && !is_loopback(host) => {
                Err(Error::PlainHttp { host: host.to_owned() })
            }
            _ => Ok(client),
        }
    }

    /// The same, also where the key can be read by everybody on the way.
    ///
    /// # Errors
    /// If the address or the key cannot be used.
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
            // Followed by hand: the key must not reach the object store.
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60));
        if base.host_str().is_some_and(is_loopback) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(Error::connection(API))?;
        Ok(Self { http, base, authorization, retries: Retries::default(), notice: None })
    }

    /// The same client with other patience.
    #[must_use]
    pub fn with_retries(self, retries: Retries) -> Self {
        Self { retries, ..self }
    }

    /// The same client, which reports each longer wait: the reason and the time. It waits when the api answers 429,
    /// and when it cannot be reached.
    #[must_use]
    pub fn with_notice(self, notice: impl Fn(&str, Duration) + Send + Sync + 'static) -> Self {
        Self { notice: Some(Arc::new(notice)), ..self }
    }

    /// How often and how long it tries again.
    pub fn retries(&self) -> Retries {
        self.retries
    }

    /// `GET /datasets`: what the caller may see.
    ///
    /// # Errors
    /// If the api refuses or cannot be reached.
    pub async fn datasets(&self) -> Result<DatasetList, Error> {
        self.get(&["datasets"], &[], "list of datasets").await
    }

    /// `GET /datasets/{name}`.
    ///
    /// # Errors
    /// If there is no such dataset for the caller, or the api cannot be reached.
    pub async fn dataset(&self, name: &str) -> Result<Dataset, Error> {
        self.get(&["datasets", name], &[], "dataset").await
    }

    /// `POST /exports`. Sending the same request again with the same idempotency key gives the same
    /// export; the client does so by itself when the connection fails.
    ///
    /// # Errors
    /// If the request is refused ([`Error::Problem`] lists every violation) or the api cannot be reached.
    pub async fn submit(&self, request: &impl Serialize, idempotency_key: &str) -> Result<Submitted, Error> {
        let call = self.post(&["exports"], &[]).body(request)?.idempotency_key(idempotency_key);
        let reply = self.call(&call).await?;
        let replayed = reply.headers.get("idempotent-replayed").is_some_and(|v| v == "true");
        Ok(Submitted { export: reply.json("export")?, replayed })
    }

    /// `POST /exports?dryRun=true`: what the export would do. Nothing is kept.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn plan(&self, request: &impl Serialize) -> Result<Plan, Error> {
        let call = self.post(&["exports"], &[("dryRun", "true")]).body(request)?.repeatable();
        self.call(&call).await?.json("plan")
    }

    /// `GET /exports/{id}`.
    ///
    /// # Errors
    /// If there is no such export of the caller, or the api cannot be reached.
    pub async fn export(&self, id: ExportId) -> Result<Export, Error> {
        self.get(&["exports", &id.to_string()], &[], "export").await
    }

    /// `GET /exports`: one page of the caller's exports, newest first.
    ///
    /// # Errors
    /// If the api refuses or cannot be reached.
    pub async fn exports(
        &self,
        status: Option<ExportStatus>,
        cursor: Option<&str>,
    ) -> Result<ExportList, Error> {
        let status = status.map(|status| ("status", status.as_str()));
        let query: Vec<_> = status.into_iter().chain(cursor.map(|c| ("cursor", c))).collect();
        self.get(&["exports"], &query, "list of exports").await
    }

    /// `GET /exports/{id}/files`: one page of the files that are there; with a link each if `links`.
    ///
    /// # Errors
    /// If there is no such export of the caller, or the api cannot be reached.
    pub async fn files(&self, id: ExportId, cursor: Option<&str>, links: bool) -> Result<FileList, Error> {
        let links = links.then_some(("links", "true"));
        let query: Vec<_> = links.into_iter().chain(cursor.map(|c| ("cursor", c))).collect();
        self.get(&["exports", &id.to_string(), "files"], &query, "list of files").await
    }

    /// `GET /exports/{id}/chunks`: one page of what happened to each chunk.
    ///
    /// # Errors
    /// If there is no such export of the caller, or the api cannot be reached.
    pub async fn chunks(&self, id: ExportId, cursor: Option<&str>) -> Result<ChunkList, Error> {
        let query: Vec<_> = cursor.map(|c| ("cursor", c)).into_iter().collect();
        self.get(&["exports", &id.to_string(), "chunks"], &query, "list of chunks").await
    }

    /// `GET /exports/{id}/manifest`, followed to the object.
    ///
    /// # Errors
    /// If the export has not succeeded, or the manifest cannot be loaded.
    pub async fn manifest(&self, id: ExportId) -> Result<Manifest, Error> {
        Ok(self.manifest_text(id).await?.0)
    }

    /// The manifest, and its very bytes.
    ///
    /// # Errors
    /// As [`Client::manifest`].
    pub async fn manifest_text(&self, id: ExportId) -> Result<(Manifest, Bytes), Error> {
        let mut failures = 0;
        loop {
            let link = self.link(&["exports", &id.to_string(), "manifest"]).await?;
            let bytes = match self.object(link, 0).await {
                Ok(response) => response.bytes().await.map_err(Error::connection("the object store")),
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

    /// `DELETE /exports/{id}`: cancels a live export and returns it; forgets an ended one and returns
    /// `None`. Not repeated by itself: a second call would delete what the first canceled.
    ///
    /// # Errors
    /// If there is no such export of the caller, or the api cannot be reached.
    pub async fn cancel(&self, id: ExportId) -> Result<Option<Export>, Error> {
        let call = Call::new(Method::DELETE, self.url(&["exports", &id.to_string()], &[]));
        let reply = self.call(&call).await?;
        if reply.status == 204 || reply.body.is_empty() { Ok(None) } else { reply.json("export").map(Some) }
    }

    /// `POST /exports/{id}/retry`: plans what failed anew. Not repeated by itself.
    ///
    /// # Errors
    /// If the export has not failed, or the api cannot be reached.
    pub async fn retry(&self, id: ExportId) -> Result<Export, Error> {
        let call = self.post(&["exports", &id.to_string(), "retry"], &[]);
        self.call(&call).await?.json("export")
    }

    /// `POST /exports/{id}/extend`: keeps its files longer. Not repeated by itself.
    ///
    /// # Errors
    /// If there is no such export of the caller, or the api cannot be reached.
    pub async fn extend(&self, id: ExportId) -> Result<Export, Error> {
        let call = self.post(&["exports", &id.to_string(), "extend"], &[]);
        self.call(&call).await?.json("export")
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

    /// Asks for an object's link: the target of the api's redirect.
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

/// Whether a host is this machine. Another name is not, whatever it resolves to; nor is one below `localhost`, which some
/// resolvers ask servers for.
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
