//! `cargo x restart` and `cargo x stop`: actions of fault tests on a running stack.

use anyhow::Result;

use crate::cli::{Part, Spare};
use crate::stack::Stack;
use crate::{pgbouncer, postgres, redis};

/// Restarts one part on its old port. Every session through it ends.
pub(crate) fn run(name: &str, part: Part) -> Result<()> {
    let mut stack = Stack::load(name)?;
    match part {
        Part::Postgres => postgres::restart(&mut stack),
        Part::Pgbouncer => pgbouncer::restart(&mut stack),
        Part::Redis => redis::restart(&mut stack),
        Part::Source => pgbouncer::lead_to_source(&stack, true),
    }
}

/// Stops a part until it is restarted.
pub(crate) fn stop(name: &str, part: Spare) -> Result<()> {
    let stack = Stack::load(name)?;
    match part {
        Spare::Postgres => postgres::stop(&stack),
        Spare::Pgbouncer => pgbouncer::stop(&stack),
        Spare::Redis => redis::stop(&stack),
        Spare::Source => pgbouncer::lead_to_source(&stack, false)?,
    }
    Ok(())
}
