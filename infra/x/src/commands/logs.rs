//! `cargo x logs`: log output of the functions of a running stack.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::options::{Function, Named};
use crate::machine::python;
use crate::machine::venv::Venv;
use crate::stack::state::Stack;

/// Options of `cargo x logs`.
#[derive(Args)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Function to show; defaults to all.
    pub(crate) function: Option<Function>,
}

/// Prints the lines of one function, or of all, each prefixed with its function's name.
pub(crate) fn run(args: &LogsArgs) -> Result<ExitCode> {
    let stack = Stack::running_one(&args.stack.name)?;
    let deployed = || {
        let all = Function::value_variants().iter().map(|function| function.name());
        all.filter(|name| stack.functions.contains_key(name)).collect()
    };
    let names: Vec<_> = args.function.map_or_else(deployed, |one| vec![one.name()]);
    let job = json!({"stack": stack, "functions": names});
    let output = python::call(&Venv::stack()?.python(), "emulator/logs.py", &job)?;
    for name in names {
        for line in output[&name].as_array().into_iter().flatten().filter_map(Value::as_str) {
            println!("{name}  {line}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
