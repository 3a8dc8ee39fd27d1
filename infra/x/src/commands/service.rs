//! `cargo x restart`, `cargo x stop` and `cargo x start`: actions of fault tests on a running stack.

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::options::Named;
use crate::stack::own_source::pooler;
use crate::stack::state::Stack;
use crate::stack::{pgbouncer, postgres, redis};

/// Options of `cargo x restart` and `cargo x start`.
#[derive(Args)]
pub(crate) struct ServiceArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Part to restart or start.
    pub(crate) part: Service,
}

/// Services that can be restarted.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Service {
    Postgres,
    Pgbouncer,
    Redis,
    /// Path from the pooler to the source, after it was stopped.
    Source,
}

/// Options of `cargo x stop`.
#[derive(Args)]
pub(crate) struct StopArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Part to stop.
    pub(crate) part: Spare,
}

/// Services that can be stopped. Without Redis the stack continues to work; the others cause an outage.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Spare {
    Postgres,
    Pgbouncer,
    Redis,
    /// Path from the pooler to the source, for new sessions.
    Source,
}

/// Restarts one service on its old port. Every session through it ends.
pub(crate) fn restart(args: &ServiceArgs) -> Result<()> {
    let mut stack = Stack::load(&args.stack.name)?;
    match args.part {
        Service::Postgres => postgres::restart(&mut stack),
        Service::Pgbouncer => pgbouncer::restart(&mut stack),
        Service::Redis => redis::restart(&mut stack),
        Service::Source if stack.source_pooler_port != 0 => pooler::restart(&mut stack),
        Service::Source => pgbouncer::lead_to_source(&stack, true),
    }
}

/// Starts a stopped service on its old port. Does nothing if it is running.
pub(crate) fn start(args: &ServiceArgs) -> Result<()> {
    let process = match args.part {
        Service::Postgres => postgres::NAME,
        Service::Pgbouncer => pgbouncer::NAME,
        Service::Redis => redis::NAME,
        Service::Source => return restart(args),
    };
    if Stack::load(&args.stack.name)?.alive(process) { Ok(()) } else { restart(args) }
}

/// Stops a service until it is started again.
pub(crate) fn stop(args: &StopArgs) -> Result<()> {
    let stack = Stack::load(&args.stack.name)?;
    match args.part {
        Spare::Postgres => postgres::stop(&stack),
        Spare::Pgbouncer => pgbouncer::stop(&stack),
        Spare::Redis => redis::stop(&stack),
        Spare::Source if stack.source_pooler_port != 0 => pooler::stop(&stack),
        Spare::Source => pgbouncer::lead_to_source(&stack, false)?,
    }
    Ok(())
}
