//! Start of a complete stack: services, deployed template, store, sample, key.

use anyhow::{Context, Result};

use super::cdn::Cdn;
use super::own_source::OwnSource;
use super::sample::{self, Loading};
use super::state::{Guard, Stack, port_of};
use super::{admin, deploy, emulator, pgbouncer, postgres, redis};
use crate::binaries::Build;
use crate::machine::progress::Step;
use crate::machine::signals;
use crate::machine::venv::Venv;

/// Tenant of the printed key.
pub(crate) const TENANT: &str = "demo";

/// Sessions at the source, and at the store, of a demonstrated or measured stack.
pub(crate) const SESSIONS: u32 = 4;
/// Initial contents of a stack's database.
#[derive(Clone, Copy)]
pub(crate) enum Sample<'a> {
    /// Only the store.
    None,
    /// The sample's tables at this scale, without a catalog.
    Tables(f64),
    /// The sample at this scale, with its catalog applied.
    Whole(f64),
    /// Only the store: the source is the user's own server.
    Own(&'a OwnSource<'a>),
}

/// Properties of the stack to start.
pub(crate) struct StackSpec<'a> {
    pub(crate) name: &'a str,
    pub(crate) budget: u32,
    pub(crate) store_sessions: u32,
    /// Connection limit of the whole server.
    pub(crate) max_connections: u32,
    /// Overridden parameters of the template.
    pub(crate) set: &'a [(String, String)],
    pub(crate) sample: Sample<'a>,
    /// True if files are loaded through a CDN, when available.
    pub(crate) cdn: bool,
    /// False if functions connect to PostgreSQL itself.
    pub(crate) pooler: bool,
    /// Niceness of the workers' processes. Measurements of the api set it, because on AWS workers use other processors.
    pub(crate) worker_niceness: u8,
}

impl<'a> StackSpec<'a> {
    /// Returns a stack with the whole sample at this scale, four sessions at source and store, and no CDN.
    pub(crate) fn sample(name: &'a str, scale: f64) -> Self {
        Self {
            name,
            budget: SESSIONS,
            store_sessions: SESSIONS,
            max_connections: postgres::MAX_CONNECTIONS,
            set: &[],
            sample: Sample::Whole(scale),
            cdn: false,
            pooler: true,
            worker_niceness: 0,
        }
    }
}

/// Starts a stack of already built functions. It ends with the returned guard.
pub(crate) fn start(spec: &StackSpec<'_>, venv: &Venv) -> Result<(Guard, Stack)> {
    start_beside(None, spec, venv)
}

/// Starts a stack whose functions may still be built: the sample is loaded meanwhile.
pub(crate) fn start_beside(
    build: Option<Build>,
    spec: &StackSpec<'_>,
    venv: &Venv,
) -> Result<(Guard, Stack)> {
    let required = [emulator::NAME, postgres::NAME, pgbouncer::NAME];
    let mut stack = Stack::create(spec.name, if spec.pooler { &required } else { &required[..2] })?;
    let guard = Guard::new(spec.name);
    stack.budget = spec.budget;
    stack.store_sessions = spec.store_sessions;

    let pooler = if spec.pooler { " PgBouncer," } else { "" };
    let step = Step::start(&format!("Starting PostgreSQL,{pooler} Redis and the AWS emulator"));
    postgres::start(&mut stack, venv, spec.max_connections)?;
    if spec.pooler {
        pgbouncer::start(&mut stack)?;
    } else {
        pgbouncer::leave_out(&mut stack)?;
    }
    if let Sample::Own(own) = spec.sample {
        own.start_pooler(&mut stack)?;
    }
    redis::start(&mut stack)?;
    emulator::start(&mut stack, spec.worker_niceness, venv)?;
    let redis = if stack.redis_url.is_empty() { "none".to_owned() } else { stack.redis_port.to_string() };
    let pooler = if spec.pooler { format!(" {},", stack.pooler_port) } else { String::new() };
    step.done(&format!("ports {},{pooler} {redis} and {}", stack.direct_port, port_of(&stack.aws_endpoint)));
    signals::check()?;

    let loading = match spec.sample {
        Sample::Tables(scale) | Sample::Whole(scale) => Some(Loading::start(&stack, venv, scale)?),
        Sample::None | Sample::Own(_) => None,
    };
    if let Some(build) = build {
        build.finish()?;
    }

    let step = Step::start("Deploying template.yaml, which creates the store and both roles");
    // An explicit `CreateCdn` leaves the CDN to the template.
    let wanted = spec.cdn && spec.set.iter().all(|(name, _)| name != "CreateCdn");
    let cdn = if wanted { Cdn::prepare(venv)? } else { None };
    deploy::run(&mut stack, venv, spec.set, cdn.as_ref())?;
    step.done("deployed");
    signals::check()?;

    if let Some(cdn) = cdn {
        let step = Step::start("Starting nginx in place of CloudFront");
        cdn.start(&mut stack, venv)?;
        step.done(&format!("port {}", port_of(&stack.cdn_url)));
        signals::check()?;
    }

    if let Some(loading) = loading {
        loading.finish(&stack, venv)?;
    }
    match spec.sample {
        Sample::Whole(_) => sample::apply_catalog(&stack, venv)?,
        Sample::Own(own) => own.prepare(&stack, venv)?,
        Sample::None | Sample::Tables(_) => {}
    }
    let answer = admin::expect(&stack, venv, &["keys", "create", TENANT])?;
    answer["data"]["key"].as_str().context("admin returned no key")?.clone_into(&mut stack.key);
    stack.save()?;
    signals::check()?;
    Ok((guard, stack))
}
