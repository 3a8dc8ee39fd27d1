//! `cargo x up` and `cargo x down`: a stack to work with.

use anyhow::Result;
use clap::Args;

use super::options::{Named, parameter};
use crate::binaries;
use crate::machine::venv::Venv;
use crate::machine::{prerequisites, signals};
use crate::stack::postgres;
use crate::stack::start::{Sample, StackSpec, start};
use crate::stack::state::{Stack, down_command};

/// Example command printed for a stack with the sample.
const EXPORT: &str = r#"  curl -sS -X POST $SLUICE_URL/exports -H "Authorization: Bearer $SLUICE_KEY" \
    -H 'Content-Type: application/json' \
    -d '{"datasets": ["orders"], "startDate": "2023-08-31", "endDate": "2024-08-04"}'"#;
/// First commands printed for a stack without the sample.
const APPLY: &str = "  cargo x admin catalog apply FILE    defines the datasets that can be exported
  curl -sS $SLUICE_URL/health";

/// Options of `cargo x up`.
#[derive(Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Maximum number of sessions at the source, and of concurrent workers.
    #[arg(long, default_value_t = 4)]
    pub(crate) budget: u32,
    /// Maximum number of sessions at the store: 4, or 16 without a pooler, unless given.
    #[arg(long)]
    pub(crate) store_sessions: Option<u32>,
    /// Connect the functions to PostgreSQL itself, as with Pooler=none.
    #[arg(long)]
    pub(crate) no_pooler: bool,
    /// Override a parameter of the template.
    #[arg(long, value_name = "PARAMETER=VALUE", value_parser = parameter)]
    pub(crate) set: Vec<(String, String)>,
    /// Leave the stack running; stop it with `cargo x down`.
    #[arg(long)]
    pub(crate) detach: bool,
    /// Use the existing binaries without building.
    #[arg(long)]
    pub(crate) built: bool,
    /// Start with an empty database.
    #[arg(long)]
    pub(crate) no_sample: bool,
    /// Return presigned S3 links, as without CloudFront.
    #[arg(long)]
    pub(crate) no_cdn: bool,
    /// Scale of the sample database; 1 is the full size.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) scale: f64,
}

/// Starts a stack, prints how to use it and waits for Ctrl-C.
pub(crate) fn run(args: &UpArgs) -> Result<()> {
    let name = &args.stack.name;
    let venv = Venv::stack()?;
    if !args.no_pooler {
        prerequisites::pgbouncer()?;
    }
    prerequisites::install_redis();
    if !args.no_cdn {
        prerequisites::install_nginx();
    }
    if !args.built {
        binaries::build()?;
    }
    let sample = if args.no_sample { Sample::None } else { Sample::Whole(args.scale) };
    let spec = StackSpec {
        name,
        budget: args.budget,
        store_sessions: args.store_sessions.unwrap_or(if args.no_pooler { 16 } else { 4 }),
        max_connections: postgres::MAX_CONNECTIONS,
        set: &args.set,
        sample,
        cdn: !args.no_cdn,
        pooler: !args.no_pooler,
        worker_niceness: 0,
    };
    let (guard, stack) = start(&spec, &venv)?;
    greet(&stack, sample);
    if args.detach {
        println!("\nLeft running. Stop it with: {}", down_command(name));
        guard.release();
        return Ok(());
    }
    println!("\nCtrl-C stops everything.");
    signals::wait();
    eprintln!();
    Ok(())
}

/// Stops a stack, whether it was left running by `--detach` or by a killed `cargo x`.
pub(crate) fn down(name: &str) -> Result<()> {
    Stack::load(name)?.stop()?;
    eprintln!("▸ Stopped stack {name}");
    Ok(())
}

fn greet(stack: &Stack, sample: Sample) {
    let Stack { url, key, cdn_url, .. } = stack;
    println!("\nSluice is up.\n\n  export SLUICE_URL={url}\n  export SLUICE_KEY={key}\n");
    if !cdn_url.is_empty() {
        println!(
            "Files are downloaded through a CDN. The API is available there too:\n\n  export SLUICE_URL={cdn_url}/api/v1\n"
        );
    }
    match sample {
        Sample::Whole(_) => println!("{EXPORT}"),
        Sample::None | Sample::Tables(_) => println!("{APPLY}"),
    }
}
