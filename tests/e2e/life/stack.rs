//! A deployment with a stack of its own, from its creation to its deletion.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Result;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tests::{OwnStack, System, copy_csv, script, sorted_records};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Functions that have a binary of their name.
const FUNCTIONS: [&str; 6] = ["api", "worker", "sweeper", "deliver", "notify", "admin"];

/// A running stack.
pub(super) struct Life {
    own: OwnStack,
    /// Number of deployments with a revision of their own.
    revision: u32,
}

impl Life {
    /// Starts servers without data, and deploys with the aliases of a gradual deployment.
    pub(super) fn start() -> Self {
        let parameters = [
            "CacheSeconds=1",
            "WorkerTimeoutSeconds=60",
            "TargetBytes=131072",
            "GradualDeployment=AllAtOnce",
            "Revision=1",
        ];
        Self { own: OwnStack::start("life", &["--no-cdn", "--no-pooler"], &parameters), revision: 1 }
    }

    /// Returns the system on it.
    pub(super) fn system(&self) -> &System {
        &self.own.system
    }

    /// Reads `stack.json` again, which another deployment has changed. Keeps the key.
    pub(super) fn reload(&mut self) {
        let key = self.system().stack.key.clone();
        self.own.reload(&key);
    }

    /// Creates a table, applies the catalog, and uses a new key from now on.
    pub(super) async fn data_catalog_and_key(&mut self) {
        self.own.create_parcels().await;
        self.own.apply_catalog();
        let text = self.system().x(&["admin", "keys", "create", "life", "first"]).unwrap();
        let key = text.split(|c: char| c.is_whitespace() || c == '"').find(|word| word.starts_with("slc_"));
        self.own.reload(key.unwrap());
    }

    /// Exports eight days, and compares the files with the database.
    pub(super) async fn export(&self) {
        let request = json!({"datasets": ["parcels"], "startDate": "2024-01-01", "endDate": "2024-01-08"});
        let exported = self.system().export(&request).await.unwrap();
        let query = "select id, day, label from public.parcels where day <= date '2024-01-08'";
        let wanted = copy_csv(&self.system().stack.owner_url, query).await.unwrap();
        let found = exported.records("parcels").unwrap();
        assert_eq!(sorted_records(&found), sorted_records(&wanted));
        assert!(exported.contents("parcels").unwrap().len() > 1, "several chunks");
    }

    /// Calls a service of the emulator.
    pub(super) fn aws(
        &self,
        service: &str,
        operation: &str,
        arguments: &serde_json::Value,
    ) -> serde_json::Value {
        self.own.aws(service, operation, arguments)
    }

    /// Runs one sweep.
    pub(super) fn sweep(&self) {
        let arguments = json!({"FunctionName": self.system().stack.functions["sweeper"], "Payload": "{}"});
        self.aws("lambda", "invoke", &arguments);
    }

    /// Deploys again with a new revision and these parameters.
    pub(super) fn redeploy(&mut self, set: &[&str]) -> Result<String> {
        let revision = self.next_revision();
        let mut words = vec!["redeploy", "--built", "--set", &revision];
        words.extend(set.iter().flat_map(|&parameter| ["--set", parameter]));
        self.system().x(&words)
    }

    /// Deploys another release with a new revision: this template, and these binaries.
    pub(super) fn release(&mut self, template: &Path, binaries: &Path) {
        let revision = self.next_revision();
        let (_, revision) = revision.split_once('=').unwrap();
        let parameters = json!({"Revision": revision});
        script(
            "deploy.py",
            &json!({
                "action": "update", "stack": self.own.described, "parameters": parameters, "template": template,
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
        let x = PathBuf::from(std::env::var("SLUICE_X").unwrap());
        (Path::new(ROOT).join("template.yaml"), x.parent().unwrap().to_owned())
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
        let arguments = json!({"FunctionName": self.system().stack.functions[function], "Qualifier": "live"});
        let found = self.own.aws("lambda", "get_function_configuration", &arguments);
        (found["Version"].as_str().unwrap().to_owned(), found["CodeSha256"].as_str().unwrap().to_owned())
    }

    /// Returns how many workers the trigger starts at once, and the function that it calls.
    pub(super) fn trigger(&self) -> (i64, String) {
        let found = self.own.aws("lambda", "list_event_source_mappings", &json!({}));
        let mappings = found["EventSourceMappings"].as_array().unwrap();
        let of_worker = |mapping: &&serde_json::Value| {
            mapping["FunctionArn"].as_str().unwrap().contains("WorkerFunction")
        };
        let mapping = mappings.iter().find(of_worker).expect("the worker has a trigger");
        let called = mapping["FunctionArn"].as_str().unwrap().to_owned();
        (mapping["ScalingConfig"]["MaximumConcurrency"].as_i64().unwrap(), called)
    }

    /// Returns the limits of both roles in PostgreSQL.
    pub(super) async fn role_limits(&self) -> [i64; 2] {
        let limit = async |role: &str| {
            let query = format!("select rolconnlimit::bigint from pg_roles where rolname = '{role}'");
            self.system().number(&query).await.unwrap()
        };
        [limit("sluice_source").await, limit("sluice_store").await]
    }

    /// Puts a password into a secret, a new one if none is given; returns the one before.
    pub(super) fn put(&self, secret: &str, password: Option<&str>) -> String {
        self.own.put_password(secret, password).0
    }

    /// Returns names of everything in the emulator, by kind.
    pub(super) fn left(&self) -> BTreeMap<String, Vec<String>> {
        serde_json::from_value(script("left.py", &json!({"stack": self.own.described}))).unwrap()
    }

    /// Returns the command lines of the functions' processes.
    pub(super) fn processes(&self) -> Vec<String> {
        running(&format!("{}/tmp/ministack-provided-code", self.system().stack.work_dir.display()))
    }

    /// Stops the servers; returns the command lines of processes that are still there.
    pub(super) fn stop(&self) -> Vec<String> {
        self.system().x(&["down"]).unwrap();
        running(self.system().stack.work_dir.to_str().unwrap())
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
