//! A stack whose passwords are rotated.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use client::Client;
use export::id::hex;
use ports::random;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::{Stack, System, aws, eventually};

const SCHEMA: &str = include_str!("schema.sql");
const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/passwords/catalog.toml");

/// A user of PostgreSQL whose password is in a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Database {
    Source,
    Store,
    Owner,
}

/// A running stack. It stops when this value is dropped.
pub(super) struct Rotated {
    x: String,
    /// Contents of `stack.json`.
    described: Value,
    pub(super) system: System,
    /// URLs of source, store and owner with their passwords in the secrets.
    urls: Mutex<[String; 3]>,
}

impl Rotated {
    /// Starts the stack, with a table whose export takes about twenty chunks.
    pub(super) async fn start() -> Self {
        let x = std::env::var("SLUICE_X").expect("run the tests with `cargo x test`");
        let main = PathBuf::from(std::env::var("SLUICE_STACK").unwrap());
        let main_name = main.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let name = format!("{main_name}-passwords");
        let mut command = Command::new(&x);
        command.args([
            "up",
            "--name",
            &name,
            "--no-sample",
            "--built",
            "--detach",
            "--no-cdn",
            "--budget",
            "2",
        ]);
        for parameter in ["CacheSeconds=1", "WorkerTimeoutSeconds=60", "TargetBytes=131072"] {
            command.args(["--set", parameter]);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let file = main.parent().unwrap().parent().unwrap().join(&name).join("stack.json");
        let described: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let stack: Stack = serde_json::from_value(described.clone()).unwrap();
        let client = Client::new(&stack.url, Some(&stack.key)).unwrap();
        let urls = [&stack.source_url, &stack.store_url, &stack.owner_url].map(String::clone);
        let started = Self { x, described, system: System { stack, client }, urls: Mutex::new(urls) };
        started.system.run(SCHEMA).await.unwrap();
        started.system.x(&["admin", "catalog", "apply", CATALOG]).unwrap();
        started
    }

    /// Returns the URL with the password that is in the secret.
    pub(super) fn url(&self, database: Database) -> String {
        self.urls.lock().unwrap_or_else(PoisonError::into_inner)[database as usize].clone()
    }

    /// Returns the password that is in the secret.
    pub(super) fn password(&self, database: Database) -> String {
        password(&self.url(database)).to_owned()
    }

    /// Returns all variables of the functions, one text for each function.
    pub(super) fn variables(&self) -> Vec<String> {
        let configuration = |name: &String| {
            let arguments = json!({"FunctionName": name});
            let deployed = aws(&self.described, "lambda", "get_function_configuration", &arguments);
            deployed["Environment"]["Variables"].to_string()
        };
        self.system.stack.functions.values().map(configuration).collect()
    }

    /// Puts a new password into the secret.
    pub(super) fn put(&self, database: Database) {
        let id = format!("sluice/{database:?}").to_lowercase();
        let kept = aws(&self.described, "secretsmanager", "get_secret_value", &json!({"SecretId": id}));
        let mut text: Value = serde_json::from_str(kept["SecretString"].as_str().unwrap()).unwrap();
        let (old, new) = (self.password(database), hex(&random::bytes::<16>()));
        assert_eq!(text["password"].as_str(), Some(old.as_str()));
        text["password"] = json!(new);
        let arguments = json!({"SecretId": id, "SecretString": text.to_string()});
        aws(&self.described, "secretsmanager", "put_secret_value", &arguments);
        let mut urls = self.urls.lock().unwrap_or_else(PoisonError::into_inner);
        let url = &mut urls[database as usize];
        *url = url.replace(&old, &new);
    }

    /// Gives PgBouncer the passwords that are in the secrets, as RDS Proxy reads them itself.
    pub(super) fn reload_pooler(&self) {
        let (source, store) = (self.password(Database::Source), self.password(Database::Store));
        let users = format!("\"sluice_source\" \"{source}\"\n\"sluice_store\" \"{store}\"\n");
        std::fs::write(self.system.stack.work_dir.join("pgbouncer-users.txt"), users).unwrap();
        let pid = self.described["pids"]["pgbouncer"].to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    }

    /// Ends the api's processes, and waits until a new one answers from the store.
    pub(super) async fn restart_api(&self) {
        for pid in self.system.processes("api").unwrap() {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
        }
        let exports = format!("{}/exports", self.system.stack.url);
        let http = reqwest::Client::new();
        eventually("the api comes back", async || {
            let answer = http.get(&exports).bearer_auth(&self.system.stack.key).send().await;
            answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
        })
        .await;
    }

    /// Waits until five more chunks are done.
    pub(super) async fn await_chunks(&self) {
        let done = "select count(*) from sluice.attempt where outcome = 'done'";
        let before = self.system.number(done).await.unwrap();
        eventually("chunks are read", async || self.system.number(done).await.unwrap() >= before + 5).await;
    }
}

impl Drop for Rotated {
    fn drop(&mut self) {
        let _ = Command::new(&self.x).args(["down", "--name", &self.system.stack.name]).output();
    }
}

fn password(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    rest.split_once('@').unwrap().0.split_once(':').unwrap().1
}
