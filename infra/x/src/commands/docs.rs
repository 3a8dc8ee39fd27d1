//! `cargo x docs`: runs every command and snippet of README.md and of the guides in `docs/`, and checks all links.
//!
//! `infra/docs/guides.py` reads the documents. Here are its stack, its key and its programs.

use std::io::Write;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::options::Named;
use crate::binaries;
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, prerequisites, signals};
use crate::stack::admin;
use crate::stack::start::{StackSpec, start};
use crate::stack::state::Stack;

/// Tenant of the guides: their exports and limits are not those of tests.
const TENANT: &str = "docs";

/// Scale of the sample if the command starts its own stack: every table has rows, and an export takes a second.
const SCALE: f64 = 0.001;

/// Scale at which terminal sessions are recorded: an export lasts long enough to be shown while it runs.
const RECORDED_SCALE: f64 = 0.2;

/// Options of `cargo x docs`.
#[derive(Args)]
pub(crate) struct DocsArgs {
    #[command(flatten)]
    stack: Named,
    /// Record the sessions of docs/terminal.md again instead of running the documents. Takes a minute or two,
    /// since it loads a fifth of the sample.
    #[arg(long)]
    write: bool,
    /// Run only these documents, such as docs/catalog.md.
    documents: Vec<PathBuf>,
}

/// Runs the documents on the running stack of this name, or on one that ends with the command.
pub(crate) fn run(args: &DocsArgs) -> Result<ExitCode> {
    let venv = Venv::stack()?;
    prerequisites::pgbouncer()?;
    prerequisites::install_redis();
    binaries::build()?;
    let name = &args.stack.name;
    let scale = if args.write { RECORDED_SCALE } else { SCALE };
    let (_guard, stack) = match Stack::running_one(name) {
        Ok(stack) => (None, stack),
        Err(_) => {
            let (guard, stack) = start(&StackSpec::sample(name, scale), &venv)?;
            (Some(guard), stack)
        }
    };
    if args.write {
        python(&stack, &venv, "docs/terminal.py", &json!({}))?;
    } else {
        check(&stack, &venv, &args.documents)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs these documents, or all, on a stack with the tables of the sample. Its catalog in force is then the sample's.
pub(crate) fn check(stack: &Stack, venv: &Venv, documents: &[PathBuf]) -> Result<()> {
    let step = Step::start("Running the commands and snippets of README.md and docs/");
    python(stack, venv, "docs/guides.py", &json!({ "documents": documents }))?;
    step.done("every block ran, or is listed with the reason why not");
    Ok(())
}

/// Runs a script of the documents with the stack, a new key, and the folders of programs.
fn python(stack: &Stack, venv: &Venv, script: &str, more: &Value) -> Result<()> {
    let catalog = paths::root().join("infra/sample/catalog.toml");
    admin::expect(stack, venv, &["catalog", "apply", &catalog.to_string_lossy()])?;
    let created = admin::expect(stack, venv, &["keys", "create", TENANT])?;
    let mut job = json!({
        "url": stack.url, "key": created["data"]["key"].as_str().context("admin returned no key")?,
        "name": stack.name, "owner": stack.owner_url, "catalog": catalog, "binaries": paths::binaries()?,
        "venv": Venv::docs()?.bin(), "home": paths::home()?,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        job[name] = value.clone();
    }
    let mut child = environment::command(venv.python())
        .arg(paths::script(script))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot start Python")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&serde_json::to_vec(&job)?)?;
    }
    let status = child.wait()?;
    signals::check()?;
    if !status.success() {
        bail!("{script} failed ({status}); see above");
    }
    Ok(())
}
