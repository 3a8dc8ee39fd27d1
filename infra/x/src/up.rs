//! `cargo x up`: starts a complete stack from nothing.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cdn::Cdn;
use crate::cli::UpArgs;
use crate::progress::Step;
use crate::stack::{Guard, Stack, down_command};
use crate::venv::Venv;
use crate::{
    admin, binaries, deploy, emulator, pgbouncer, place, postgres, prerequisites, process, redis, signals,
    surroundings,
};

/// Tenant of the printed key.
pub(crate) const TENANT: &str = "demo";

/// Sessions at the source, and at the store, of a demonstrated or measured stack.
const SESSIONS: u32 = 4;
/// Example command printed for a stack with the sample.
const EXPORT: &str = r#"  curl -sS -X POST $SLUICE_URL/exports -H "Authorization: Bearer $SLUICE_KEY" \
    -H 'Content-Type: application/json' \
    -d '{"datasets": ["orders"], "startDate": "2023-08-31", "endDate": "2024-08-04"}'"#;
/// First commands printed for a stack without the sample.
const APPLY: &str = "  cargo x admin catalog apply FILE    defines what may be exported
  curl -sS $SLUICE_URL/health";

/// Initial contents of a stack's database.
#[derive(Clone, Copy)]
pub(crate) enum Sample {
    /// Only the store.
    None,
    /// The sample's tables at this scale, without a catalog.
    Tables(f64),
    /// The sample at this scale, with its catalog applied.
    Whole(f64),
}

/// Properties of the stack to start.
pub(crate) struct Plan<'a> {
    pub(crate) name: &'a str,
    pub(crate) budget: u32,
    pub(crate) store_sessions: u32,
    /// Connection limit of the whole server.
    pub(crate) max_connections: u32,
    /// Overridden parameters of the template.
    pub(crate) set: &'a [(String, String)],
    pub(crate) sample: Sample,
    /// True if files are loaded through a CDN, when available.
    pub(crate) cdn: bool,
}

impl<'a> Plan<'a> {
    /// Returns a plan with the whole sample at this scale, four sessions at source and store, and no CDN.
    pub(crate) fn sample(name: &'a str, scale: f64) -> Self {
        Self {
            name,
            budget: SESSIONS,
            store_sessions: SESSIONS,
            max_connections: postgres::MAX_CONNECTIONS,
            set: &[],
            sample: Sample::Whole(scale),
            cdn: false,
        }
    }
}

/// Starts a stack, prints how to use it and waits for Ctrl-C.
pub(crate) fn run(args: &UpArgs) -> Result<()> {
    let name = &args.stack.name;
    let venv = Venv::stack()?;
    prerequisites::pgbouncer()?;
    prerequisites::install_redis();
    if !args.no_cdn {
        prerequisites::install_nginx();
    }
    if !args.built {
        binaries::build()?;
    }
    let sample = if args.no_sample { Sample::None } else { Sample::Whole(args.scale) };
    let plan = Plan {
        name,
        budget: args.budget,
        store_sessions: args.store_sessions,
        max_connections: postgres::MAX_CONNECTIONS,
        set: &args.set,
        sample,
        cdn: !args.no_cdn,
    };
    let (guard, stack) = start(&plan, &venv)?;
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

/// Starts a stack of already built functions. It ends with the returned guard.
pub(crate) fn start(plan: &Plan<'_>, venv: &Venv) -> Result<(Guard, Stack)> {
    let mut stack = Stack::create(plan.name)?;
    let guard = Guard::new(plan.name);
    stack.budget = plan.budget;
    stack.store_sessions = plan.store_sessions;

    let step = Step::start("Starting PostgreSQL, PgBouncer, Redis and the AWS emulator");
    postgres::start(&mut stack, venv, plan.max_connections)?;
    pgbouncer::start(&mut stack)?;
    redis::start(&mut stack)?;
    emulator::start(&mut stack, venv)?;
    let redis = if stack.redis_url.is_empty() { "none".to_owned() } else { stack.redis_port.to_string() };
    step.done(&format!(
        "ports {}, {}, {redis} and {}",
        stack.direct_port,
        stack.pooler_port,
        port_of(&stack.aws_endpoint)
    ));
    signals::check()?;

    let step = Step::start("Deploying template.yaml");
    // An explicit `CreateCdn` leaves the CDN to the template.
    let wanted = plan.cdn && plan.set.iter().all(|(name, _)| name != "CreateCdn");
    let cdn = if wanted { Cdn::prepare(venv)? } else { None };
    deploy::run(&mut stack, venv, plan.set, cdn.as_ref())?;
    step.done("deployed");
    signals::check()?;

    if let Some(cdn) = cdn {
        let step = Step::start("Starting nginx in place of CloudFront");
        cdn.start(&mut stack, venv)?;
        step.done(&format!("port {}", port_of(&stack.cdn_url)));
        signals::check()?;
    }

    let step = Step::start("Creating the store and both roles (admin migrate)");
    admin::expect(&stack, venv, &["migrate"])?;
    step.done("migrated");
    signals::check()?;

    match plan.sample {
        Sample::None => {}
        Sample::Tables(scale) => load_tables(&stack, venv, scale)?,
        Sample::Whole(scale) => {
            load_tables(&stack, venv, scale)?;
            apply_catalog(&stack, venv)?;
        }
    }
    let answer = admin::expect(&stack, venv, &["keys", "create", TENANT])?;
    answer["data"]["key"].as_str().context("admin returned no key")?.clone_into(&mut stack.key);
    stack.save()?;
    signals::check()?;
    Ok((guard, stack))
}

fn load_tables(stack: &Stack, venv: &Venv, scale: f64) -> Result<()> {
    let step = Step::start("Loading the sample database");
    let mut load = surroundings::command(venv.python());
    load.arg(sample("load.py")).args(["--url", &stack.owner_url, "--scale", &scale.to_string()]);
    process::run(load.env("PYTHONDONTWRITEBYTECODE", "1"), "see its messages above")?;
    step.done("loaded");
    signals::check()
}

fn apply_catalog(stack: &Stack, venv: &Venv) -> Result<()> {
    let step = Step::start("Applying the sample catalog");
    let catalog = sample("catalog.toml");
    admin::expect(stack, venv, &["catalog", "apply", &catalog.to_string_lossy()])?;
    let datasets =
        fs::read_to_string(&catalog)?.lines().filter(|line| line.starts_with("[datasets.")).count();
    step.done(&format!("{datasets} datasets"));
    signals::check()
}

fn sample(file: &str) -> PathBuf {
    place::root().join("infra/sample").join(file)
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

pub(crate) fn port_of(endpoint: &str) -> &str {
    endpoint.rsplit(':').next().unwrap_or(endpoint)
}
