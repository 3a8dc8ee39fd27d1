//! Stacks of single tests, which change what belongs to a whole stack: its deployment, its passwords, its CDN.

use std::path::PathBuf;
use std::process::Command;

use client::Client;
use export::id::hex;
use ports::random;
use serde_json::{Value, json};

use crate::{Stack, System, aws};

const PARCELS: &str = include_str!("../data/parcels.sql");
const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/parcels.toml");

/// A running stack that one test has for itself. It stops when this value is dropped.
#[derive(Debug)]
pub struct OwnStack {
    /// The system on it.
    pub system: System,
    /// Contents of `stack.json`.
    pub described: Value,
    x: String,
    name: String,
    file: PathBuf,
}

impl OwnStack {
    /// Starts a stack with an empty database and a budget of 2, named after the main stack and `suffix`. `words` are further
    /// options of `cargo x up`, `parameters` those of the template, such as `CacheSeconds=1`.
    ///
    /// # Panics
    /// If it does not start: the test cannot continue.
    pub fn start(suffix: &str, words: &[&str], parameters: &[&str]) -> Self {
        Self::start_by(Command::new(program()), suffix, words, parameters)
    }

    /// Does the same with a command that runs `cargo x` in an environment of its own. The words are added to it.
    ///
    /// # Panics
    /// If it does not start: the test cannot continue.
    pub fn start_by(mut command: Command, suffix: &str, words: &[&str], parameters: &[&str]) -> Self {
        let main = PathBuf::from(std::env::var("SLUICE_STACK").expect("run the tests with `cargo x test`"));
        let folder = main.parent().expect("the folder of the main stack");
        let main_name =
            folder.file_name().and_then(|name| name.to_str()).expect("the name of the main stack");
        let name = format!("{main_name}-{suffix}");
        let file = folder.with_file_name(&name).join("stack.json");
        command
            .args(["up", "--name", &name, "--no-sample", "--built", "--detach", "--budget", "2"])
            .args(words);
        command.args(parameters.iter().flat_map(|&parameter| ["--set", parameter]));
        let output = command.output().expect("cargo x starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let (described, stack) = read(&file);
        let client = Client::new(&stack.url, Some(&stack.key)).expect("the stack's URL");
        Self { system: System { stack, client }, described, x: program(), name, file }
    }

    /// Reads `stack.json` again, which another deployment has changed, and uses this key from now on.
    ///
    /// # Panics
    /// If the file cannot be read.
    pub fn reload(&mut self, key: &str) {
        let (described, mut stack) = read(&self.file);
        key.clone_into(&mut stack.key);
        let client = Client::new(&stack.url, Some(key)).expect("the stack's URL");
        (self.described, self.system) = (described, System { stack, client });
    }

    /// Creates the table `public.parcels` with rows of twenty days.
    ///
    /// # Panics
    /// If it cannot.
    pub async fn create_parcels(&self) {
        self.system.run(PARCELS).await.expect("the table is created");
    }

    /// Applies the catalog with `parcels`, whose chunks are read again by each export, and `settled_parcels`, whose chunks
    /// are reused.
    ///
    /// # Panics
    /// If it is rejected.
    pub fn apply_catalog(&self) {
        self.system.x(&["admin", "catalog", "apply", CATALOG]).expect("the catalog is applied");
    }

    /// Calls a service of this stack's emulator.
    ///
    /// # Panics
    /// If the call fails.
    pub fn aws(&self, service: &str, operation: &str, arguments: &Value) -> Value {
        aws(&self.described, service, operation, arguments)
    }

    /// Puts a password into a secret, a new one if none is given. Returns the one before and the one that is there now.
    ///
    /// # Panics
    /// If the secret is not that of a login.
    pub fn put_password(&self, secret: &str, password: Option<&str>) -> (String, String) {
        let kept = self.aws("secretsmanager", "get_secret_value", &json!({"SecretId": secret}));
        let text = kept["SecretString"].as_str().expect("a text");
        let mut login: Value = serde_json::from_str(text).expect("a login");
        let before = login["password"].as_str().expect("a password").to_owned();
        let after = password.map_or_else(|| hex(&random::bytes::<16>()), str::to_owned);
        login["password"] = json!(after);
        let arguments = json!({"SecretId": secret, "SecretString": login.to_string()});
        self.aws("secretsmanager", "put_secret_value", &arguments);
        (before, after)
    }

    /// Ends all processes of the api.
    ///
    /// # Panics
    /// If /proc cannot be read.
    pub fn kill_api(&self) {
        for pid in self.system.processes("api").expect("/proc") {
            // A process may have ended by itself.
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
    }
}

impl Drop for OwnStack {
    fn drop(&mut self) {
        let _ = Command::new(&self.x).args(["down", "--name", &self.name]).output();
    }
}

/// Returns the path of `cargo x`.
fn program() -> String {
    std::env::var("SLUICE_X").expect("run the tests with `cargo x test`")
}

fn read(file: &PathBuf) -> (Value, Stack) {
    let text = std::fs::read_to_string(file).expect("stack.json");
    let described: Value = serde_json::from_str(&text).expect("stack.json is JSON");
    let stack = serde_json::from_value(described.clone()).expect("stack.json describes a stack");
    (described, stack)
}
