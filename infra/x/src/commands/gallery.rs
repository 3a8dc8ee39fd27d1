//! `cargo x gallery`: takes the pictures of the page in `docs/gallery/`, on a stack with the sample.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::options::Named;
use crate::binaries;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, prerequisites, process};
use crate::stack::admin;
use crate::stack::start::{StackSpec, start};
use crate::stack::state::Stack;

/// Tenant of the pictures: their exports and limits are not those of tests.
const TENANT: &str = "gallery";

/// Scale of the sample if the command starts its own stack: an export lasts long enough to be shown while it runs.
const SCALE: f64 = 0.2;

/// Options of `cargo x gallery`.
#[derive(Args)]
pub(crate) struct GalleryArgs {
    #[command(flatten)]
    stack: Named,
}

/// Takes the pictures on the running stack of this name, or on one that ends with the command.
pub(crate) fn run(args: &GalleryArgs) -> Result<ExitCode> {
    let venv = Venv::stack()?;
    let chromium = prerequisites::installed_chromium()
        .context("Chromium is needed: install the package chromium and try again")?;
    prerequisites::pgbouncer()?;
    binaries::build()?;
    let name = &args.stack.name;
    let (_guard, stack) = match Stack::running_one(name) {
        Ok(stack) => (None, stack),
        Err(_) => {
            let (guard, stack) = start(&StackSpec::sample(name, SCALE), &venv)?;
            (Some(guard), stack)
        }
    };
    let catalog = paths::root().join("infra/sample/catalog.toml");
    admin::expect(&stack, &venv, &["catalog", "apply", &catalog.to_string_lossy()])?;
    let created = admin::expect(&stack, &venv, &["keys", "create", TENANT])?;
    let key = created["data"]["key"].as_str().context("admin returned no key")?;
    let folder = paths::root().join("docs/gallery");
    let settings = json!({"url": stack.url, "key": key, "chromium": chromium, "folder": folder});
    let mut script = environment::command(Venv::page()?.python());
    script
        .arg(paths::script("page/gallery.py"))
        .arg(settings.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    process::run(&mut script, "see the messages above")?;
    println!("the pictures are in {}", folder.display());
    Ok(ExitCode::SUCCESS)
}
