//! `cargo x bench cold`: start time of a function compared with one that does nothing, response time when warm, and
//! size. It measures the binaries that `sam build` made.

mod emulator;
mod sizes;
mod start;
mod status;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::proc;
use crate::binaries::{self, Architecture, sam};
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{paths, prerequisites, process, python, signals};
use crate::stack::start::{StackSpec, start};
use crate::stack::state::Stack;
use emulator::Emulator;
use sizes::Sizes;
use table::Row;

/// Starts of each program. Programs take turns.
const STARTS: usize = 40;
/// Starts under the runtime emulator. Fewer, because each takes longer.
const EMULATED: usize = 12;
/// Number of timed calls to the warm api.
const CALLS: usize = 500;
const NAME: &str = "cold";
/// Scale of the sample database. The orders of one tenant are enough to plan an export.
const SCALE: f64 = 0.01;

/// Name of the program that the others are compared with.
const HELLO: &str = "hello world";

/// One program, its environment and its event.
struct Function {
    /// Name in the table.
    name: &'static str,
    program: PathBuf,
    variables: BTreeMap<String, String>,
    /// Event it is invoked with.
    event: Value,
}

/// Runs the measurement and prints the table.
pub(super) fn run() -> Result<ExitCode> {
    let (venv, tools) = (Venv::stack()?, Venv::sam()?);
    prerequisites::pgbouncer()?;
    let built = sam::build(&tools, Architecture::here())?;
    let hello = hello(&tools)?;
    binaries::build()?;
    let spec = StackSpec {
        // A single tenant sends requests without pause, so the rate limit is off.
        set: &[("TenantRequestsPerSecond".to_owned(), "0".to_owned())],
        ..StackSpec::sample(NAME, SCALE)
    };
    let (guard, stack) = start(&spec, &venv)?;
    let functions = functions(&stack, &venv, &built, hello)?;

    let mut rows = sizes(&functions)?;
    let step = Step::start("Starting each of them in turn");
    for _ in 0..STARTS {
        for (function, row) in functions.iter().zip(&mut rows) {
            row.starts.push(start::until_next(&function.program, &function.variables)?);
            signals::check()?;
        }
    }
    step.done("started");
    let step = Step::start("The same under the runtime emulator");
    for _ in 0..EMULATED {
        for (function, row) in functions.iter().zip(&mut rows) {
            let emulator = Emulator::start(&tools, &function.program, &function.variables, &stack.work_dir)?;
            emulator.call(&function.event)?;
            row.inits.push(emulator.init()?);
            signals::check()?;
        }
    }
    step.done("started");
    let step = Step::start("Requesting the status of an export from the warm api");
    if let Some((api, row)) = functions.iter().zip(&mut rows).find(|(function, _)| function.name == "api") {
        let emulator = Emulator::start(&tools, &api.program, &api.variables, &stack.work_dir)?;
        row.calls = status::ask(&emulator, &stack, &venv, &api.event, CALLS)?;
    }
    step.done("answered");
    drop(guard);

    let about =
        format!("{}, {STARTS} starts of each in turns, {CALLS} status calls one by one", proc::machine());
    let file = paths::stack("bench")?.join("cold.json");
    fs::create_dir_all(paths::stack("bench")?)?;
    fs::write(&file, serde_json::to_string_pretty(&json!({ "about": about, "functions": rows }))?)?;
    println!("\n{about}\n\n{}\n{}", table::render(&rows), table::goals(&rows));
    eprintln!("\nall runs: {}", file.display());
    Ok(ExitCode::SUCCESS)
}

fn sizes(functions: &[Function]) -> Result<Vec<Row>> {
    let row = |function: &Function| Ok(Row::new(function.name, Sizes::of(&function.program)?));
    functions.iter().map(row).collect()
}

/// Builds the hello world program with the command that `sam build` uses and the same libraries.
fn hello(tools: &Venv) -> Result<PathBuf> {
    let step = Step::start("Building the hello world");
    let triple = Architecture::here().triple();
    let mut cargo = sam::command(tools, "cargo-lambda")?;
    cargo.args(["lambda", "build", "--release", "--target", triple, "--example", "hello"]);
    process::run(cargo.current_dir(paths::root().join("functions/sweeper")), "see the messages above")?;
    signals::check()?;
    step.done("built");
    let target = paths::home()?
        .parent()
        .map(Path::to_path_buf)
        .context("cannot determine the target directory of cargo x")?;
    Ok(target.join("lambda/hello/bootstrap"))
}

/// Lists the programs to measure: hello world, then the functions with the variables that the stack sets for them.
fn functions(stack: &Stack, venv: &Venv, built: &Path, hello: PathBuf) -> Result<Vec<Function>> {
    let given = python::call(&venv.python(), "emulator/environments.py", &json!({ "stack": stack }))?;
    let mut given: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_value(given).context("environments.py printed unexpected output")?;
    let here = |variables: BTreeMap<String, String>| {
        let aws = [
            ("AWS_ENDPOINT_URL", &stack.aws_endpoint),
            ("AWS_ACCESS_KEY_ID", &stack.access_key),
            ("AWS_SECRET_ACCESS_KEY", &stack.secret_key),
            ("AWS_REGION", &stack.region),
        ];
        let aws = aws.map(|(name, value)| (name.to_owned(), value.clone()));
        variables.into_iter().chain(aws).collect::<BTreeMap<_, _>>()
    };
    let hello = Function { name: HELLO, program: hello, variables: here(BTreeMap::new()), event: json!({}) };
    let mut functions = vec![hello];
    for (name, id) in [("api", "Api"), ("worker", "Worker"), ("sweeper", "Sweeper"), ("admin", "Admin")] {
        let event = paths::root().join(format!("infra/events/{name}.json"));
        let event = fs::read(&event).with_context(|| format!("cannot read {}", event.display()))?;
        functions.push(Function {
            name,
            program: built.join(format!("{id}Function/bootstrap")),
            variables: here(given.remove(name).with_context(|| format!("the stack has no {name}"))?),
            event: serde_json::from_slice(&event)?,
        });
    }
    Ok(functions)
}
