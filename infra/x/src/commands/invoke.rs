//! `cargo x invoke`: one direct invocation of a function of a running stack.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::options::{Function, Named};
use crate::machine::venv::Venv;
use crate::stack::admin;
use crate::stack::state::Stack;

/// Options of `cargo x invoke`.
#[derive(Args)]
pub(crate) struct InvokeArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Function to invoke.
    pub(crate) function: Function,
    /// Event as JSON.
    #[arg(default_value = "{}")]
    pub(crate) event: String,
}

/// Prints the response as JSON with the last lines of the log.
pub(crate) fn run(args: &InvokeArgs) -> Result<ExitCode> {
    let stack = Stack::running_one(&args.stack.name)?;
    let event = serde_json::from_str(&args.event).context("the event is not JSON")?;
    let result = admin::call(&stack, &Venv::stack()?, &args.function.name(), &event)?;
    eprint!("{}", result["log"].as_str().unwrap_or_default());
    println!("{}", serde_json::to_string_pretty(&result["answer"])?);
    Ok(if result["error"].is_null() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
