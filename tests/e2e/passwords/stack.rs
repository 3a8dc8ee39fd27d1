//! A stack whose passwords are rotated.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use reqwest::StatusCode;
use serde_json::json;
use tests::{OwnStack, Stack, System, eventually};

/// A user of PostgreSQL whose password is in a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Database {
    Source,
    Store,
    Owner,
}

/// A running stack.
pub(super) struct Rotated {
    own: OwnStack,
    /// URLs of source, store and owner with their passwords in the secrets.
    urls: Mutex<[String; 3]>,
}

impl Rotated {
    /// Starts the stack, with a table whose export takes about twenty chunks.
    pub(super) async fn start() -> Self {
        let parameters = ["CacheSeconds=1", "WorkerTimeoutSeconds=60", "TargetBytes=131072"];
        let own = OwnStack::start("passwords", &["--no-cdn"], &parameters);
        own.create_parcels().await;
        own.apply_catalog();
        let stack = &own.system.stack;
        let urls = [&stack.source_url, &stack.store_url, &stack.owner_url].map(String::clone);
        Self { own, urls: Mutex::new(urls) }
    }

    /// Returns the system on it.
    pub(super) fn system(&self) -> &System {
        &self.own.system
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
            let deployed = self.own.aws("lambda", "get_function_configuration", &arguments);
            deployed["Environment"]["Variables"].to_string()
        };
        self.system().stack.functions.values().map(configuration).collect()
    }

    /// Puts a new password into the secret.
    pub(super) fn put(&self, database: Database) {
        let id = format!("sluice/{database:?}").to_lowercase();
        let (old, new) = self.own.put_password(&id, None);
        assert_eq!(old, self.password(database));
        let mut urls = self.urls.lock().unwrap_or_else(PoisonError::into_inner);
        let url = &mut urls[database as usize];
        *url = url.replace(&old, &new);
    }

    /// Gives PgBouncer the passwords that are in the secrets, as RDS Proxy reads them itself.
    pub(super) fn reload_pooler(&self) {
        let (source, store) = (self.password(Database::Source), self.password(Database::Store));
        let users = format!("\"sluice_source\" \"{source}\"\n\"sluice_store\" \"{store}\"\n");
        std::fs::write(self.system().stack.work_dir.join("pgbouncer-users.txt"), users).unwrap();
        let pid = self.own.described["pids"]["pgbouncer"].to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    }

    /// Ends the api's processes, and waits until a new one answers from the store.
    pub(super) async fn restart_api(&self) {
        self.own.kill_api();
        let Stack { url, key, .. } = &self.system().stack;
        let exports = format!("{url}/exports");
        let http = reqwest::Client::new();
        eventually("the api comes back", async || {
            let answer = http.get(&exports).bearer_auth(key).send().await;
            answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
        })
        .await;
    }

    /// Waits until five more chunks are read, or checked and found unchanged.
    pub(super) async fn await_chunks(&self) {
        let done = "select count(*) from sluice.attempt where outcome in ('done', 'unchanged')";
        let before = self.system().number(done).await.unwrap();
        eventually("chunks are read", async || self.system().number(done).await.unwrap() >= before + 5).await;
    }
}

fn password(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    rest.split_once('@').unwrap().0.split_once(':').unwrap().1
}
