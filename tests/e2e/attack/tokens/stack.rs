//! A second stack, deployed from the same template with `Auth=jwt` and `LogLevel=debug`.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use tests::{EVENT_TIMEOUT, OwnStack, Stack};

use super::provider::Provider;

/// A marker that cannot occur by accident.
pub(super) const MARK: &str = "zq7markedvalue";

const SCHEMA: &str = include_str!("schema.sql");
const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/attack/tokens/catalog.toml");

/// Environment variables that may be set in a developer's shell.
const HOSTILE: [(&str, &str); 9] = [
    ("AWS_PROFILE", "no-such-profile"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ("AWS_REGION", "eu-west-1"),
    ("PGOPTIONS", "-c no_such_setting=1"),
    ("PGSERVICE", "no-such-service"),
    ("PGSSLMODE", "verify-full"),
    ("http_proxy", "http://127.0.0.1:9"),
    ("HTTP_PROXY", "http://127.0.0.1:9"),
    ("PYTHONPATH", "/nonexistent"),
];

/// Origin of the pages that may call the api.
pub(super) const ORIGIN: &str = "https://app.example.com";

/// A running stack.
pub(super) struct TokenStack {
    own: OwnStack,
    base: String,
}

impl TokenStack {
    pub(super) async fn start(provider: &Provider) -> Self {
        let parameters = [
            "Auth=jwt",
            &format!("JwtIssuer={}", provider.issuer),
            "JwtAudience=sluice,sluice-cli",
            "JwtTenantClaim=org_id",
            "JwtDatasetsClaim=sets",
            "JwtWriteScope=sluice/write",
            "JwtClientId=page",
            "JwtAuthorizeUrl=https://login.example.com/authorize?prompt=login",
            "JwtTokenUrl=https://login.example.com/token",
            "JwtScope=openid sluice/read",
            &format!("CorsOrigins={ORIGIN}"),
            "LogLevel=debug",
            "CacheSeconds=1",
            "WorkerTimeoutSeconds=60",
        ];
        // The developer's environment must not reach a stack: these variables would make it fail with a traceback, or
        // send it to other services.
        let x = std::env::var("SLUICE_X").expect("run the tests with `cargo x test`");
        let mut command = Command::new("sh");
        command.args(["-c", "umask 077; exec \"$0\" \"$@\"", &x]);
        command.env_remove("NO_PROXY").env_remove("no_proxy");
        command.envs(HOSTILE);
        let own = OwnStack::start_by(command, "tokens", &["--no-cdn"], &parameters);
        let url = own.system.stack.url.trim_end_matches('/').trim_end_matches("/api/v1");
        let base = format!("{url}/api/v1");
        own.system.run(&SCHEMA.replace("{mark}", MARK)).await.unwrap();
        own.system.x(&["admin", "catalog", "apply", CATALOG]).unwrap();
        Self { own, base }
    }

    pub(super) fn stack(&self) -> &Stack {
        &self.own.system.stack
    }

    /// Runs `cargo x` on this stack.
    pub(super) fn x(&self, words: &[&str]) -> String {
        self.try_x(words).unwrap_or_else(|said| panic!("{words:?}: {said}"))
    }

    /// Does the same. On failure, the output is the error.
    pub(super) fn try_x(&self, words: &[&str]) -> Result<String, String> {
        self.own.system.x(words).map_err(|error| error.to_string())
    }

    /// Sends one request. Returns status and body.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut request = http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(super) async fn get(&self, path: &str, token: Option<&str>) -> (u16, Value) {
        self.call(Method::GET, path, token, None).await
    }

    /// Waits until the export at `path` has ended and returns it.
    pub(super) async fn ended(&self, path: &str, token: &str) -> Value {
        let give_up = Instant::now() + EVENT_TIMEOUT;
        loop {
            let (status, export) = self.get(path, Some(token)).await;
            assert_eq!(status, 200, "{export}");
            if !["queued", "running"].contains(&export["status"].as_str().unwrap()) {
                return export;
            }
            assert!(Instant::now() < give_up, "{export}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
