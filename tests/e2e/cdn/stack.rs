//! A second stack, whose files are loaded through nginx in place of CloudFront.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use client::Client;
use export::id::ExportId;
use ports::links::Signer;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tests::{EVENT_TIMEOUT, Stack, System, eventually, skipped};

const SCHEMA: &str = include_str!("schema.sql");
const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/cdn/catalog.toml");

/// A running stack. It stops when this value is dropped.
pub(super) struct CdnStack {
    x: String,
    /// Contents of `stack.json`.
    pub(super) described: Value,
    /// The system on it.
    pub(super) system: System,
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
        let x = std::env::var("SLUICE_X").expect("run the tests with `cargo x test`");
        let main = PathBuf::from(std::env::var("SLUICE_STACK").unwrap());
        let main_name = main.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let name = format!("{main_name}-cdn");
        let mut command = Command::new(&x);
        command.args(["up", "--name", &name, "--no-sample", "--built", "--detach", "--budget", "2"]);
        let parameters =
            ["CacheSeconds=1", "WorkerTimeoutSeconds=60", "TargetBytes=131072", "OnlyThroughCdn=true"];
        for parameter in parameters {
            command.args(["--set", parameter]);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let file = main.parent().unwrap().parent().unwrap().join(&name).join("stack.json");
        let described: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let mut stack: Stack = serde_json::from_value(described.clone()).unwrap();
        let direct = stack.url.clone();
        if !stack.cdn_url.is_empty() {
            stack.url = format!("{}/api/v1", stack.cdn_url);
        }
        let client = Client::new(&stack.url, Some(&stack.key)).unwrap();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let system = System { stack, client };
        let mut started = Self { x, described, system, direct, secret: Value::Null, http };
        if started.stack().cdn_url.is_empty() {
            skipped("nginx with http_auth_request_module", "apt-get install nginx");
            return None;
        }
        let id = json!({"SecretId": started.stack().cdn_secret});
        let secret = started.aws("secretsmanager", "get_secret_value", &id);
        started.secret = serde_json::from_str(secret["SecretString"].as_str().unwrap()).unwrap();
        started.system.run(SCHEMA).await.unwrap();
        started.system.x(&["admin", "catalog", "apply", CATALOG]).unwrap();
        Some(started)
    }

    pub(super) fn stack(&self) -> &Stack {
        &self.system.stack
    }

    /// Makes one call to a service of this stack's emulator.
    pub(super) fn aws(&self, service: &str, operation: &str, arguments: &Value) -> Value {
        tests::aws(&self.described, service, operation, arguments)
    }

    /// Puts another text into the secret of the links.
    pub(super) async fn sign_with(&self, secret: &str) {
        self.put(&self.stack().cdn_secret, secret).await;
    }

    /// Puts another text into a secret, and makes the api drop its cached copy.
    pub(super) async fn put(&self, id: &str, text: &str) {
        let arguments = json!({"SecretId": id, "SecretString": text});
        self.aws("secretsmanager", "put_secret_value", &arguments);
        for pid in self.system.processes("api").unwrap() {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
        }
        let health = format!("{}/health", self.stack().url);
        eventually("the api comes back", async || self.get(&health).await.status == StatusCode::OK).await;
    }

    /// Ends one of the stack's processes for good, and waits for its end.
    pub(super) fn kill(&self, process: &str) {
        let pid = self.described["pids"][process].to_string();
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

impl Drop for CdnStack {
    fn drop(&mut self) {
        let _ = Command::new(&self.x).args(["down", "--name", &self.system.stack.name]).output();
    }
}

/// Returns the seconds since 1970.
pub(super) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
