//! `cargo x logs`: log output of the functions of a running stack.

use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::cli::Function;
use crate::python;
use crate::stack::Stack;
use crate::venv::Venv;

/// Prints the lines of one function, or of all, each prefixed with its function's name.
pub(crate) fn run(name: &str, function: Option<Function>) -> Result<ExitCode> {
    let stack = Stack::running_one(name)?;
    let wanted = function.map_or_else(|| Function::value_variants().to_vec(), |one| vec![one]);
    let names: Vec<_> = wanted
        .iter()
        .filter_map(|function| function.to_possible_value())
        .map(|value| value.get_name().to_owned())
        .collect();
    let job = json!({"stack": stack, "functions": names});
    let told = python::call(&Venv::stack()?.python(), "emulator/logs.py", &job)?;
    for name in names {
        for line in told[&name].as_array().into_iter().flatten().filter_map(Value::as_str) {
            println!("{name}  {line}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
