//! Stand-in for the identity provider, `issuer.py`, in its own process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value, json};

/// A running provider. It ends when this value is dropped.
pub(super) struct Provider {
    process: Child,
    /// Issuer named in tokens.
    pub(super) issuer: String,
}

/// A token to create.
#[derive(Clone)]
pub(super) struct Order {
    claims: Value,
    header: Map<String, Value>,
    key: &'static str,
}

impl Order {
    /// Returns an order with these claims, correctly signed.
    pub(super) fn of(claims: &Value) -> Self {
        Self { claims: claims.clone(), header: Map::new(), key: "published" }
    }

    pub(super) fn header(mut self, name: &str, value: Value) -> Self {
        self.header.insert(name.to_owned(), value);
        self
    }

    pub(super) fn key(self, key: &'static str) -> Self {
        Self { key, ..self }
    }
}

impl Provider {
    pub(super) fn start() -> Self {
        let python = std::env::var("SLUICE_PYTHON").expect("run the tests with `cargo x test`");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/attack/issuer.py");
        let mut process = Command::new(python)
            .args(["-B", script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the provider starts");
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, issuer: format!("http://127.0.0.1:{}", port.trim()) }
    }

    /// Requests a token.
    pub(super) async fn token(&self, order: &Order) -> String {
        let body = json!({"claims": order.claims, "header": order.header, "key": order.key});
        let answer = reqwest::Client::new().post(format!("{}/token", self.issuer)).json(&body).send().await;
        let answer: Value = answer.unwrap().json().await.unwrap();
        answer["token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
