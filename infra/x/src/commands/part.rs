//! `cargo x restart` and `cargo x stop`: actions of fault tests on a running stack.

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::options::Named;
use crate::stack::state::Stack;
use crate::stack::{pgbouncer, postgres, redis};

/// Options of `cargo x restart`.
#[derive(Args)]
pub(crate) struct RestartArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Part to restart.
    pub(crate) part: Part,
}

/// Parts that can be restarted.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Part {
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

/// Parts that can be stopped. Without Redis the stack continues to work; the others cause an outage.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Spare {
    Postgres,
    Pgbouncer,
    Redis,
    /// Path from the pooler to the source, for new sessions.
    Source,
}

/// Restarts one part on its old port. Every session through it ends.
pub(crate) fn restart(args: &RestartArgs) -> Result<()> {
    let mut stack = Stack::load(&args.stack.name)?;
    match args.part {
        Part::Postgres => postgres::restart(&mut stack),
        Part::Pgbouncer => pgbouncer::restart(&mut stack),
        Part::Redis => redis::restart(&mut stack),
        Part::Source => pgbouncer::lead_to_source(&stack, true),
    }
}

/// Stops a part until it is restarted.
pub(crate) fn stop(args: &StopArgs) -> Result<()> {
    let stack = Stack::load(&args.stack.name)?;
    match args.part {
        Spare::Postgres => postgres::stop(&stack),
        Spare::Pgbouncer => pgbouncer::stop(&stack),
        Spare::Redis => redis::stop(&stack),
        Spare::Source => pgbouncer::lead_to_source(&stack, false)?,
    }
    Ok(())
}
