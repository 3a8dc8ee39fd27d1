//! `cargo x restart`: what fault tests do to a running stack.

use anyhow::Result;

use crate::cli::Part;
use crate::stack::Stack;
use crate::{pgbouncer, postgres};

/// Restarts one part on its old port; every session through it ends.
pub(crate) fn run(name: &str, part: Part) -> Result<()> {
    let mut stack = Stack::load(name)?;
    match part {
        Part::Postgres => postgres::restart(&mut stack),
        Part::Pgbouncer => pgbouncer::restart(&mut stack),
    }
}
