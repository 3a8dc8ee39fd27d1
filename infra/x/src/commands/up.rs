//! `cargo x up` and `cargo x down`: a stack to work with.

use anyhow::Result;
use clap::Args;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::options::{Named, parameter};
use super::source_options::SourceArgs;
use crate::binaries;
use crate::machine::venv::Venv;
use crate::machine::{paths, prerequisites, signals};
use crate::stack::own_source::OwnSource;
use crate::stack::postgres;
use crate::stack::start::{Sample, StackSpec, start_beside};
use crate::stack::state::{Stack, down_command, name_option};

/// Example command printed for a stack with the sample.
const EXPORT: &str = r#"  curl -sS -X POST $SLUICE_URL/exports -H "Authorization: Bearer $SLUICE_KEY" \
    -H 'Content-Type: application/json' \
    -d '{"datasets": ["orders"], "startDate": "2023-08-31", "endDate": "2024-08-04"}'"#;
/// First commands printed for a stack without the sample.
const APPLY: &str = "  cargo x admin catalog apply FILE    defines the datasets that can be exported
  curl -sS $SLUICE_URL/health";

/// Estimated bytes up to which a dataset is an example.
const EXAMPLE_BYTES: u64 = 100_000_000;
/// Days of the example.
const EXAMPLE_DAYS: u32 = 30;

/// Options of `cargo x up`.
#[derive(Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Maximum number of sessions at the source, and of concurrent workers.
    #[arg(long, default_value_t = 4)]
    pub(crate) budget: u32,
    /// Maximum number of sessions at the store: 4, or 16 without a pooler, unless given.
    #[arg(long)]
    pub(crate) store_sessions: Option<u32>,
    /// Connect the functions to PostgreSQL itself, as with Pooler=none.
    #[arg(long, conflicts_with = "source")]
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
    let build = (!args.built).then(binaries::start_build).transpose()?;
    let venv = Venv::stack()?;
    if !args.no_pooler {
        prerequisites::pgbouncer()?;
    }
    prerequisites::install_redis();
    if !args.no_cdn {
        prerequisites::install_nginx();
    }
    let own = args.source.open(name, args.budget, &args.set, &venv)?;
    let sample = match &own {
        Some(own) => Sample::Own(own),
        None if args.no_sample => Sample::None,
        None => Sample::Whole(args.scale),
    };
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
    let (guard, stack) = start_beside(build, &spec, &venv)?;
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

fn greet(stack: &Stack, sample: Sample<'_>) {
    let Stack { url, key, cdn_url, .. } = stack;
    println!("\nSluice is up.\n\n  export SLUICE_URL={url}\n  export SLUICE_KEY={key}\n");
    if !cdn_url.is_empty() {
        println!(
            "Files are downloaded through a CDN. The API is available there too:\n\n  export SLUICE_URL={cdn_url}/api/v1\n"
        );
    }
    // The page stands at the root of the host. Behind the CDN, files have its origin.
    let root = if cdn_url.is_empty() { url.trim_end_matches("/api/v1") } else { cdn_url };
    println!("In a browser, with the same key: {}/\n", root.trim_end_matches('/'));
    match sample {
        Sample::Whole(_) => println!("{EXPORT}"),
        Sample::None | Sample::Tables(_) => println!("{APPLY}"),
        Sample::Own(own) => println!("{}", of_own_source(own, &stack.name)),
    }
}

/// Returns the first commands for the user's own server.
fn of_own_source(own: &OwnSource<'_>, stack: &str) -> String {
    let sluice = paths::binaries().unwrap_or_default().join("sluice");
    let here = std::env::current_dir().unwrap_or_default();
    let sluice = sluice.strip_prefix(here).unwrap_or(&sluice).display();
    let datasets = own.datasets();
    // Large enough to see something, small enough to end while one watches.
    let small = datasets.iter().filter(|(_, estimate)| estimate.bytes <= EXAMPLE_BYTES);
    let example = small.max_by_key(|(_, estimate)| estimate.bytes).map_or("DATASET", |(name, _)| name);
    let first = first_day(EXAMPLE_DAYS);
    let catalog = own.catalog();
    format!(
        "  {sluice} datasets
  {sluice} plan '*' --from {first}
  {sluice} export {example} --from {first} --out ./files

{} datasets are in {catalog}: change the file, then run `cargo x admin{} catalog apply {catalog}`.",
        datasets.len(),
        name_option(stack)
    )
}

/// Returns the day of UTC this many days ago.
pub(crate) fn first_day(days: u32) -> String {
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    today.saturating_sub(Span::new().days(days)).to_string()
}
