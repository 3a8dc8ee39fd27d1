//! A second stack, whose files are loaded through nginx in place of CloudFront.

use std::process::Command;
use std::time::{Duration, Instant};

use client::Client;
use export::id::ExportId;
use ports::links::Signer;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tests::{EVENT_TIMEOUT, OwnStack, Stack, System, eventually, skipped};

/// A running stack.
pub(super) struct CdnStack {
    pub(super) own: OwnStack,
    /// The api's own address, which refuses every request that did not come through the CDN.
    pub(super) direct: String,
    /// The secret that the api signs with at first.
    pub(super) secret: Value,
    http: reqwest::Client,
}

/// A response, read to its end.
pub(super) struct CdnResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl CdnResponse {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the origin that the CDN reports.
    pub(super) fn whence(&self) -> &str {
        self.header("x-cache")
    }
}

impl CdnStack {
    /// Starts the stack. Without nginx it returns `None` and prints so, provided that tests may be skipped.
    pub(super) async fn start() -> Option<Self> {
        let parameters =
            ["CacheSeconds=1", "WorkerTimeoutSeconds=60", "TargetBytes=131072", "OnlyThroughCdn=true"];
        let mut own = OwnStack::start("cdn", &[], &parameters);
        let stack = &mut own.system.stack;
        if stack.cdn_url.is_empty() {
            skipped("nginx with http_auth_request_module", "apt-get install nginx");
            return None;
        }
        let through = format!("{}/api/v1", stack.cdn_url);
        let direct = std::mem::replace(&mut stack.url, through);
        own.system.client = Client::new(&stack.url, Some(&stack.key)).unwrap();
        let id = json!({"SecretId": stack.cdn_secret});
        let secret = own.aws("secretsmanager", "get_secret_value", &id);
        let secret = serde_json::from_str(secret["SecretString"].as_str().unwrap()).unwrap();
        own.create_parcels().await;
        own.apply_catalog();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Some(Self { own, direct, secret, http })
    }

    /// Returns the system on it.
    pub(super) fn system(&self) -> &System {
        &self.own.system
    }

    pub(super) fn stack(&self) -> &Stack {
        &self.own.system.stack
    }

    /// Puts another text into the secret of the links.
    pub(super) async fn sign_with(&self, secret: &str) {
        self.put(&self.stack().cdn_secret, secret).await;
    }

    /// Puts another text into a secret, and makes the api drop its cached copy.
    pub(super) async fn put(&self, id: &str, text: &str) {
        let arguments = json!({"SecretId": id, "SecretString": text});
        self.own.aws("secretsmanager", "put_secret_value", &arguments);
        self.own.kill_api();
        let health = format!("{}/health", self.stack().url);
        eventually("the api comes back", async || self.get(&health).await.status == StatusCode::OK).await;
    }

    /// Ends one of the stack's processes for good, and waits for its end.
    pub(super) fn kill(&self, process: &str) {
        let pid = self.own.described["pids"][process].to_string();
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success(), "{process}");
        let until = Instant::now() + EVENT_TIMEOUT;
        // Of a process that is not reaped yet, only the name is left.
        while std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty()) {
            assert!(Instant::now() < until, "{process} does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends one request without following redirects.
    pub(super) async fn ask(&self, method: Method, url: &str, headers: &[(&str, &str)]) -> CdnResponse {
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        CdnResponse { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub(super) async fn get(&self, url: &str) -> CdnResponse {
        self.ask(Method::GET, url, &[]).await
    }

    /// Returns the api's link to a file of an export.
    pub(super) async fn link(&self, export: ExportId, file: &str) -> String {
        let Stack { url, key, .. } = self.stack();
        let bearer = format!("Bearer {key}");
        let asked = format!("{url}/exports/{export}/{file}");
        let answer = self.ask(Method::GET, &asked, &[("authorization", &bearer)]).await;
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.header("location").to_owned()
    }

    /// Returns a link to an object, signed with the api's own key.
    pub(super) fn signed(&self, object: &str, expires: u64) -> String {
        Signer::read(&self.secret.to_string()).unwrap().link(object, expires).unwrap()
    }

    /// Counts how often a path was served with this `X-Cache`, from nginx's log.
    pub(super) fn served(&self, path: &str, whence: &str) -> usize {
        let log = std::fs::read_to_string(self.stack().work_dir.join("nginx-served.log")).unwrap();
        let wanted = (format!(" GET {path} "), format!(" \"{whence} from nginx\" "));
        log.lines().filter(|line| line.contains(&wanted.0) && line.contains(&wanted.1)).count()
    }
}

/// Returns the seconds since 1970.
pub(super) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
