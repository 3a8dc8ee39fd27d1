//! A deployment with a stack of its own, from its creation to its deletion.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use anyhow::Result;
use client::Client;
use export::id::hex;
use ports::random;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tests::{Stack, System, aws, copy_csv, script, sorted_records};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/life/catalog.toml");

/// Functions that have a binary of their name.
const FUNCTIONS: [&str; 4] = ["api", "worker", "sweeper", "admin"];

/// A running stack. It stops when this value is dropped.
pub(super) struct Life {
    x: PathBuf,
    file: PathBuf,
    pub(super) system: System,
    /// Number of deployments with a revision of their own.
    revision: u32,
}

impl Life {
    /// Starts servers without data, and deploys with the aliases of a gradual deployment.
    pub(super) fn start() -> Self {
        let x = PathBuf::from(std::env::var("SLUICE_X").expect("run the tests with `cargo x test`"));
        let main = PathBuf::from(std::env::var("SLUICE_STACK").unwrap());
        let main_name = main.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let name = format!("{main_name}-life");
        let mut command = Command::new(&x);
        command.args([
            "up",
            "--name",
            &name,
            "--no-sample",
            "--built",
            "--detach",
            "--no-cdn",
            "--no-pooler",
        ]);
        command.args(["--budget", "2"]);
        for parameter in [
            "CacheSeconds=1",
            "WorkerTimeoutSeconds=60",
            "TargetBytes=131072",
            "GradualDeployment=AllAtOnce",
            "Revision=1",
        ] {
            command.args(["--set", parameter]);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let file = main.parent().unwrap().parent().unwrap().join(&name).join("stack.json");
        let system = loaded(&file, None);
        Self { x, file, system, revision: 1 }
    }

    /// Contents of `stack.json`.
    fn described(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(&self.file).unwrap()).unwrap()
    }

    /// Reads `stack.json` again, which another deployment has changed. Keeps the key.
    pub(super) fn reload(&mut self) {
        let key = self.system.stack.key.clone();
        self.system = loaded(&self.file, Some(&key));
    }

    /// Applies the catalog and uses a new key from now on.
    pub(super) fn catalog_and_key(&mut self) {
        self.system.x(&["admin", "catalog", "apply", CATALOG]).unwrap();
        let text = self.system.x(&["admin", "keys", "create", "life", "first"]).unwrap();
        let key = text.split(|c: char| c.is_whitespace() || c == '"').find(|word| word.starts_with("slc_"));
        self.system = loaded(&self.file, Some(key.unwrap()));
    }

    /// Exports everything, and compares the files with the database.
    pub(super) async fn export(&self) {
        let request = json!({"datasets": ["visits"], "startDate": "2024-01-01", "endDate": "2024-01-31"});
        let exported = self.system.export(&request).await.unwrap();
        let query = "select id, day, place from public.visits";
        let wanted = copy_csv(&self.system.stack.owner_url, query).await.unwrap();
        let found = exported.records("visits").unwrap();
        assert_eq!(sorted_records(&found), sorted_records(&wanted));
        assert!(exported.contents("visits").unwrap().len() > 1, "several chunks");
    }

    /// Deploys again with a new revision and these parameters.
    pub(super) fn redeploy(&mut self, set: &[&str]) -> Result<String> {
        let revision = self.next_revision();
        let mut words = vec!["redeploy", "--built", "--set", &revision];
        words.extend(set.iter().flat_map(|&parameter| ["--set", parameter]));
        self.system.x(&words)
    }

    /// Deploys another release with a new revision: this template, and these binaries.
    pub(super) fn release(&mut self, template: &Path, binaries: &Path) {
        let revision = self.next_revision();
        let (_, revision) = revision.split_once('=').unwrap();
        let parameters = json!({"Revision": revision});
        script(
            "deploy.py",
            &json!({
                "action": "update", "stack": self.described(), "parameters": parameters, "template": template,
                "binaries": binaries,
            }),
        );
    }

    fn next_revision(&mut self) -> String {
        self.revision += 1;
        format!("Revision={}", self.revision)
    }

    /// Template and binaries of the release that runs first.
    pub(super) fn this_release(&self) -> (PathBuf, PathBuf) {
        (Path::new(ROOT).join("template.yaml"), self.x.parent().unwrap().to_owned())
    }

    /// Template and binaries of a later release: another digest of the schema, other code of api and worker.
    pub(super) fn next_release(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let (template, binaries) = self.this_release();
        let text = std::fs::read_to_string(template).unwrap();
        let (before, rest) = text.split_once("\n      Schema: ").unwrap();
        let (digest, after) = rest.split_once('\n').unwrap();
        let changed = folder.join("template.yaml");
        std::fs::write(&changed, format!("{before}\n      Schema: {digest}-next\n{after}")).unwrap();
        symlink(Path::new(ROOT).join("infra"), folder.join("infra")).unwrap();
        for name in FUNCTIONS {
            let (from, to) = (binaries.join(name), folder.join(name));
            if name == "api" || name == "worker" {
                // Nothing reads what stands after the end of a program.
                let program = [std::fs::read(from).unwrap(), b"next".to_vec()].concat();
                std::fs::write(&to, program).unwrap();
            } else {
                symlink(from, to).unwrap();
            }
        }
        (changed, folder.to_owned())
    }

    /// Version and digest of the code behind the alias of a function.
    pub(super) fn live(&self, function: &str) -> (String, String) {
        let arguments = json!({"FunctionName": self.system.stack.functions[function], "Qualifier": "live"});
        let found = aws(&self.described(), "lambda", "get_function_configuration", &arguments);
        (found["Version"].as_str().unwrap().to_owned(), found["CodeSha256"].as_str().unwrap().to_owned())
    }

    /// Returns how many workers the trigger starts at once, and the function that it calls.
    pub(super) fn trigger(&self) -> (i64, String) {
        let found = aws(&self.described(), "lambda", "list_event_source_mappings", &json!({}));
        let mapping = &found["EventSourceMappings"][0];
        let called = mapping["FunctionArn"].as_str().unwrap().to_owned();
        (mapping["ScalingConfig"]["MaximumConcurrency"].as_i64().unwrap(), called)
    }

    /// Returns the limits of both roles in PostgreSQL.
    pub(super) async fn role_limits(&self) -> [i64; 2] {
        let limit = async |role: &str| {
            let query = format!("select rolconnlimit::bigint from pg_roles where rolname = '{role}'");
            self.system.number(&query).await.unwrap()
        };
        [limit("sluice_source").await, limit("sluice_store").await]
    }

    /// Puts a password into a secret, a new one if none is given; returns the one before.
    pub(super) fn put(&self, secret: &str, password: Option<&str>) -> String {
        let described = self.described();
        let kept = aws(&described, "secretsmanager", "get_secret_value", &json!({"SecretId": secret}));
        let mut text: Value = serde_json::from_str(kept["SecretString"].as_str().unwrap()).unwrap();
        let before = text["password"].as_str().unwrap().to_owned();
        text["password"] = json!(password.map_or_else(|| hex(&random::bytes::<16>()), str::to_owned));
        let arguments = json!({"SecretId": secret, "SecretString": text.to_string()});
        aws(&described, "secretsmanager", "put_secret_value", &arguments);
        before
    }

    /// Returns names of everything in the emulator, by kind.
    pub(super) fn left(&self) -> BTreeMap<String, Vec<String>> {
        serde_json::from_value(script("left.py", &json!({"stack": self.described()}))).unwrap()
    }

    /// Returns the command lines of the functions' processes.
    pub(super) fn processes(&self) -> Vec<String> {
        running(&format!("{}/tmp/ministack-provided-code", self.system.stack.work_dir.display()))
    }

    /// Stops the servers; returns the command lines of processes that are still there.
    pub(super) fn stop(&self) -> Vec<String> {
        self.system.x(&["down"]).unwrap();
        running(self.system.stack.work_dir.to_str().unwrap())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let _ = Command::new(&self.x).args(["down", "--name", &self.system.stack.name]).output();
    }
}

/// Returns true if a login with this URL succeeds.
pub(super) async fn connects(url: &str) -> bool {
    match PgConnectOptions::from_str(url).unwrap().connect().await {
        Ok(connection) => connection.close().await.is_ok(),
        Err(_) => false,
    }
}

/// Returns the command lines of processes that name this folder.
fn running(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap() {
        // A process may end while it is checked.
        let Ok(words) = std::fs::read(entry.unwrap().path().join("cmdline")) else { continue };
        let command = String::from_utf8_lossy(&words).replace('\0', " ");
        if command.contains(folder) {
            found.push(command);
        }
    }
    found
}

fn loaded(file: &Path, key: Option<&str>) -> System {
    let mut stack: Stack = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    if let Some(key) = key {
        key.clone_into(&mut stack.key);
    }
    let client = Client::new(&stack.url, Some(&stack.key)).unwrap();
    System { stack, client }
}
