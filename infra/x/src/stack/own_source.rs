//! The user's own server as the source of a stack: its address, what Sluice does there, and the way to it.
//!
//! Nothing connects to it before [`OwnSource::open`] has printed what is going to happen. The store stays in the stack's
//! own PostgreSQL. The login at the server is known to the pooler alone: functions log in to the pooler, with a password
//! of the stack.

mod catalog;
pub(crate) mod pooler;

use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use rustix::fs::statvfs;
use serde::Deserialize;
use serde_json::{Value, json};

use super::admin;
use super::state::{DEFAULT_NAME, Stack, down_command};
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{paths, python, secret_files, signals};
pub(crate) use catalog::Datasets;

/// Script that connects to the server.
const SCRIPT: &str = "source/server.py";
/// Role of the functions at the local pooler, and at the server if `--owner` creates it.
const ROLE: &str = "sluice_source";
/// Template's default of `WorkerTimeoutSeconds`.
const WORKER_TIMEOUT_SECS: u32 = 900;

/// Choices of the user.
pub(crate) struct OwnSourceSpec<'a> {
    /// Name of the stack.
    pub(crate) stack: &'a str,
    /// URL of `--source`.
    pub(crate) url: String,
    /// URL of `--owner`.
    pub(crate) owner: Option<String>,
    /// Schemas that are suggested, separated by commas; all without them.
    pub(crate) schemas: Option<String>,
    /// File of the catalog.
    pub(crate) catalog: PathBuf,
    /// Maximum number of sessions.
    pub(crate) budget: u32,
    /// Overridden parameters of the template.
    pub(crate) set: &'a [(String, String)],
}

/// A server that can be read.
pub(crate) struct OwnSource<'a> {
    spec: OwnSourceSpec<'a>,
    /// Role of the functions at the pooler.
    role: String,
    /// Address and login of the pooler's sessions.
    server: Server,
    intervalstyle: String,
    worker_timeout_secs: u32,
    datasets: OnceCell<Datasets>,
}

/// Address of a server, with the login there.
#[derive(Deserialize)]
struct Server {
    host: Option<String>,
    port: u16,
    database: Option<String>,
    role: Option<String>,
    password: Option<String>,
    tls: Tls,
}

/// Protection of the connection, in libpq's terms.
#[derive(Deserialize)]
struct Tls {
    mode: String,
    authorities: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// Properties of the server that the check found.
#[derive(Deserialize)]
struct Facts {
    role: String,
    version: String,
    readable: u64,
    writable: u64,
    relations: u64,
    intervalstyle: String,
}

impl<'a> OwnSource<'a> {
    /// Prints what Sluice does at the server, then logs in and checks that it can be read, or with `--owner` that the
    /// role can be created. Changes nothing.
    ///
    /// # Errors
    /// If a URL is not valid, or the server cannot be used; the message has the remedy.
    pub(crate) fn open(spec: OwnSourceSpec<'a>, venv: &Venv) -> Result<Self> {
        let role = role_of(spec.stack);
        let read =
            |option: &str, url: &str| query(venv, &json!({"action": "read", "option": option, "url": url}));
        let place = read("--source", &spec.url)?;
        let named = place["role"].as_str();
        if spec.owner.is_some() && named.is_some_and(|named| named != role) {
            bail!(
                "with --owner the source is read as {role}, which is created there: leave role and password out of --source"
            );
        }
        if let Some(owner) = &spec.owner {
            read("--owner", owner)?;
        }
        eprintln!("{}", disclosure(&place, &spec, &role, &room()));
        let step = Step::start("Checking the server");
        let (option, url, made) = match &spec.owner {
            Some(owner) => ("--owner", owner, Some(&role)),
            None => ("--source", &spec.url, None),
        };
        let check =
            json!({"action": "check", "option": option, "url": url, "budget": spec.budget, "role": made});
        let mut found = query(venv, &check)?;
        let facts: Facts = serde_json::from_value(found["facts"].take()).context("facts of the server")?;
        let mut server: Server =
            serde_json::from_value(found["address"].take()).context("address of the server")?;
        if let Some(owned) = made {
            let source: Server = serde_json::from_value(place).context("address of the source")?;
            server = Server {
                host: source.host.or(server.host),
                database: source.database.or(server.database),
                role: Some(owned.clone()),
                password: Some(secret_files::password()?),
                ..source
            };
            step.done(&format!("PostgreSQL {}, where {} may create the role", facts.version, facts.role));
        } else {
            readable(&facts)?;
            step.done(&format!(
                "PostgreSQL {}, where {} may read {} of {} tables and views{}",
                facts.version,
                facts.role,
                facts.readable,
                facts.relations,
                if facts.writable == 0 { "" } else { " (and write to some, which Sluice does not)" }
            ));
        }
        signals::check()?;
        let worker_timeout_secs = spec.set.iter().rev().find(|(name, _)| name == "WorkerTimeoutSeconds");
        let worker_timeout_secs = worker_timeout_secs.and_then(|(_, value)| value.parse().ok());
        Ok(Self {
            role,
            server,
            intervalstyle: facts.intervalstyle,
            worker_timeout_secs: worker_timeout_secs.unwrap_or(WORKER_TIMEOUT_SECS),
            datasets: OnceCell::new(),
            spec,
        })
    }

    /// Creates the role if there is an owner, checks the way through the pooler, and applies the catalog, which is
    /// suggested first if its file does not exist.
    ///
    /// # Errors
    /// If the role cannot be created, the server cannot be read through the pooler, or no catalog can be suggested.
    pub(crate) fn prepare(&self, stack: &Stack, venv: &Venv) -> Result<()> {
        if let Some(owner) = &self.spec.owner {
            self.create_role(owner, stack, venv)?;
        }
        let step = Step::start("Reading the server through the pooler");
        let expected: serde_json::Map<String, Value> =
            pooler::SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let question = json!({"action": "settings", "url": stack.source_url, "expected": expected});
        let found = query(venv, &question)
            .with_context(|| format!("the log of the pooler is {}", pooler::log(stack).display()))?;
        if let Some(differing) = found["differing"].as_object().filter(|differing| !differing.is_empty()) {
            let names: Vec<_> = differing.keys().map(String::as_str).collect();
            bail!(
                "sessions of the server keep settings of their own, on which files depend: {}",
                names.join(", ")
            );
        }
        step.done("its sessions have the settings that files depend on");
        let datasets = catalog::apply(&self.spec, stack, venv)?;
        let _ = self.datasets.set(datasets);
        signals::check()
    }

    /// Returns the datasets in force; none before [`OwnSource::prepare`], or if the catalog was refused.
    pub(crate) fn datasets(&self) -> Datasets {
        self.datasets.get().cloned().unwrap_or_default()
    }

    /// Returns the file of the catalog.
    pub(crate) fn catalog(&self) -> String {
        self.spec.catalog.display().to_string()
    }

    fn create_role(&self, owner: &str, stack: &Stack, venv: &Venv) -> Result<()> {
        let step = Step::start(&format!("Creating role {} on the server", self.role));
        let answer = admin::call(stack, venv, "admin", &json!({"command": "migrate", "sourceOnly": true}))?;
        let statements =
            answer["answer"]["data"]["statements"].as_array().context("admin printed no statements")?;
        let statements: Vec<&str> = statements.iter().filter_map(Value::as_str).collect();
        let made = query(
            venv,
            &json!({
                "action": "make",
                "option": "--owner",
                "url": owner,
                "role": self.role,
                "password": self.server.password,
                "statements": statements.join(";\n"),
            }),
        )?;
        let reads = if made["readsAll"] == true {
            ", which may read every table (pg_read_all_data)"
        } else {
            "; the owner may not grant pg_read_all_data, so grant it usage on schemas and select on tables"
        };
        step.done(&format!(
            "at most {} sessions{reads}; to remove it: drop role {}",
            self.spec.budget, self.role
        ));
        signals::check()
    }
}

/// Returns the role of a stack: of two stacks, each may have one on the same server.
fn role_of(stack: &str) -> String {
    if stack == DEFAULT_NAME { ROLE.to_owned() } else { format!("{ROLE}_{}", stack.replace('-', "_")) }
}

/// Fails with the grants if there is nothing to read.
fn readable(facts: &Facts) -> Result<()> {
    if facts.readable > 0 {
        return Ok(());
    }
    bail!(
        "--source: the role {role} can read no table or view of this database
  → as their owner: grant usage on schema SCHEMA to {role}; grant select on all tables in schema SCHEMA to {role};
    or let cargo x create a role that can: --owner postgres://OWNER@…",
        role = facts.role
    )
}

/// Runs an action of the script.
fn query(venv: &Venv, question: &Value) -> Result<Value> {
    let answer = python::call_own_server(&venv.python(), SCRIPT, question)?;
    match answer["refused"].as_str() {
        Some(reason) => bail!("{reason}"),
        None => Ok(answer),
    }
}

/// Returns where files are kept, and how much of them there is room for; empty if that is not known.
fn room() -> String {
    let Ok(folder) = paths::open_home() else { return String::new() };
    match statvfs(&folder) {
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize) / 1_000_000_000;
            format!(", in {}, where {free} GB are free", folder.display())
        }
        Err(_) => String::new(),
    }
}

/// Returns what Sluice will and will not do at the server.
fn disclosure(place: &Value, spec: &OwnSourceSpec<'_>, role: &str, room: &str) -> String {
    let database = place["database"].as_str().map_or_else(|| "the default one".to_owned(), str::to_owned);
    let reader = if spec.owner.is_some() { role } else { place["role"].as_str().unwrap_or("your user") };
    let mut lines = vec![
        format!("▸ Your server: {}, database {database}", place["text"].as_str().unwrap_or_default()),
        format!("  Sluice will   log in as {reader}, with at most {} sessions at a time, through a pooler on this machine", spec.budget),
        "                read, in read-only transactions: system catalogs, plans (EXPLAIN), a few rows to estimate sizes,".to_owned(),
        "                and the rows that you export (COPY)".to_owned(),
    ];
    lines.push(match &spec.owner {
        Some(_) => format!(
            "                as the owner, once: create role {role} with a new password, read-only settings and this limit of sessions,\n                \
             and grant it pg_read_all_stats and pg_read_all_data (to remove it: drop role {role})\n  \
             Sluice won't  change anything else on this server"
        ),
        None => "  Sluice won't  create, change or delete anything on this server".to_owned(),
    });
    lines.push(format!(
        "  The state of exports, and the files, stay on this machine, until `{}`{room}.",
        down_command(spec.stack)
    ));
    let mode = place["tls"]["mode"].as_str().unwrap_or_default();
    let host = place["host"].as_str().unwrap_or_default();
    let is_local = place["socket"] == true || ["localhost", "127.0.0.1", "::1"].contains(&host);
    if !is_local && !mode.starts_with("verify") {
        lines.push(format!("  With sslmode={mode} the server is not verified: add sslmode=verify-full, and sslrootcert=FILE if its authority is your own."));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(owner: Option<&str>) -> OwnSourceSpec<'static> {
        OwnSourceSpec {
            stack: "two",
            url: String::new(),
            owner: owner.map(str::to_owned),
            schemas: None,
            catalog: PathBuf::new(),
            budget: 3,
            set: &[],
        }
    }

    #[test]
    fn what_happens_at_the_server_is_announced() {
        let place = json!({"text": "db.example.com:5432", "host": "db.example.com", "database": "shop", "role": "me", "socket": false,
                           "tls": {"mode": "prefer"}});
        let text = disclosure(&place, &spec(None), "sluice_source_two", ", where 7 GB are free");
        assert!(
            text.contains("log in as me, with at most 3 sessions") && text.contains("won't  create, change"),
            "{text}"
        );
        assert!(text.contains("add sslmode=verify-full"), "{text}");
        assert!(text.contains("until `cargo x down --name two`, where 7 GB are free."), "{text}");
        let text = disclosure(&place, &spec(Some("")), "sluice_source_two", "");
        assert!(
            text.contains("log in as sluice_source_two") && text.contains("drop role sluice_source_two"),
            "{text}"
        );
        let socket =
            json!({"text": "/run, port 5432", "host": "/run", "socket": true, "tls": {"mode": "disable"}});
        assert!(!disclosure(&socket, &spec(None), "", "").contains("sslmode"));
    }

    #[test]
    fn stacks_have_roles_of_their_own() {
        assert_eq!([role_of(DEFAULT_NAME), role_of("a-b")], ["sluice_source", "sluice_source_a_b"]);
    }

    #[test]
    fn server_without_readable_tables_is_refused_with_the_grants() {
        let facts = |readable| Facts {
            role: "me".into(),
            version: "15".into(),
            readable,
            writable: 0,
            relations: 4,
            intervalstyle: "postgres".into(),
        };
        assert!(readable(&facts(1)).is_ok());
        assert!(readable(&facts(0)).unwrap_err().to_string().contains("grant select on all tables"));
    }
}
