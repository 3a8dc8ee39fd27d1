//! `cargo x test`: the one command that runs all tests.

mod failures;
mod targets;
mod test_stack;
mod whole;

use std::io;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::binaries::{self, Build};
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, prerequisites, process, signals};
use crate::stack::start::{StackSpec, start};
use crate::stack::state::Stack;
use test_stack::TestStack;

const NAME: &str = "test";

/// Short times and small chunks, so that leases end and ranges are split within seconds.
pub(crate) const PARAMETERS: [(&str, &str); 11] = [
    ("LeaseSeconds", "4"),
    ("RenewSeconds", "1"),
    ("ResendSeconds", "2"),
    ("CacheSeconds", "1"),
    ("TargetBytes", "25165824"),
    ("SplitBytes", "33554432"),
    ("WorkerTimeoutSeconds", "60"),
    // More sessions than tests open themselves. The test of a busy database opens more.
    ("MaxActiveSessions", "25"),
    // Tests of one tenant store more chunks than a tenant does.
    ("MaxChunksPerMinute", "0"),
    // Destinations of the tests: a bucket of this account, and one of another.
    ("DestinationBucketArns", "arn:aws:s3:::e2e-lake"),
    ("DestinationRoleArns", "arn:aws:iam::222222222222:role/from-sluice"),
];

/// Starts the test stack, runs every test on it, and stops it whatever their result. Without arguments, the fault tests
/// run meanwhile on a second stack: they wait most of the time.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    // A run of selected tests omits the script tests and the documents, which take a minute or two.
    if !args.is_empty() {
        return run_with_variables(args, &[]);
    }
    let (venv, build) = prepare()?;
    build.finish()?;
    test_scripts(&venv)?;
    whole::run(&venv)
}

/// Runs the selected tests with environment variables that some of them read.
pub(crate) fn run_with_variables(args: &[String], variables: &[(&str, String)]) -> Result<ExitCode> {
    let (venv, build) = prepare()?;
    build.finish()?;
    selected(args, variables, &venv)
}

fn selected(args: &[String], variables: &[(&str, String)], venv: &Venv) -> Result<ExitCode> {
    let test_stack = TestStack::start(NAME, venv)?;
    let chosen = args.iter().any(|word| word == "-p" || word.starts_with("--package"));
    let mut cargo = test_stack.cargo()?;
    cargo
        .args((!chosen).then_some("--workspace"))
        .args(args)
        .envs(variables.iter().map(|(name, value)| (name, value)));
    let (status, failures) = failures::run(&mut cargo, io::stdout())?;
    drop(test_stack);
    signals::check()?;
    if !status.success() {
        bail!("{failures}{}", logs_of(&[NAME])?);
    }
    Ok(ExitCode::SUCCESS)
}

/// Installs what the tests need, while their build runs.
fn prepare() -> Result<(Venv, Build)> {
    let build = binaries::start_build_all()?;
    let venv = Venv::stack()?;
    prerequisites::pgbouncer()?;
    prerequisites::install_redis();
    prerequisites::install_nginx();
    Ok((venv, build))
}

/// Last sentence of a failed run.
fn logs_of(names: &[&str]) -> Result<String> {
    let home = paths::open_home()?;
    let folders: Vec<_> = names.iter().map(|name| home.join(name).display().to_string()).collect();
    Ok(format!("some tests failed; logs of the stack are in {}", folders.join(" and ")))
}

/// Starts a dedicated stack, runs the fault tests of this name on it with these variables, and prints their output.
/// Exit code 0 only if all of them pass.
pub(crate) fn faults(spec: &StackSpec, name: &str, variables: &[(&str, String)]) -> Result<ExitCode> {
    let venv = Venv::stack()?;
    prerequisites::pgbouncer()?;
    prerequisites::install_redis();
    binaries::build_measured()?;
    let (guard, stack) = start(spec, &venv)?;
    let status = over(&stack)?
        .args(binaries::MEASURED)
        .args(["--workspace", "--test", "faults", "--", name, "--nocapture"])
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .status()?;
    drop(guard);
    signals::check()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns a `cargo test` command for a running stack.
fn over(stack: &Stack) -> Result<Command> {
    let mut cargo = binaries::cargo(&["test"]);
    cargo
        .env("SLUICE_STACK", crate::stack::state::file(&stack.name)?)
        // Tests of the adapters talk to the emulator as a function does.
        .env("AWS_ENDPOINT_URL", &stack.aws_endpoint)
        .env("AWS_ACCESS_KEY_ID", &stack.access_key)
        .env("AWS_SECRET_ACCESS_KEY", &stack.secret_key)
        .env("AWS_REGION", &stack.region)
        .env("SLUICE_CLI", paths::binaries()?.join("sluice"))
        .env("SLUICE_X", paths::binaries()?.join("x"))
        .env("SLUICE_PYTHON", Venv::stack()?.python())
        // PostgreSQL's list of SQLSTATEs. Sluice must know all of them.
        .env("SLUICE_ERRCODES", stack.postgres_bin.join("../share/errcodes.txt"));
    Ok(cargo)
}

fn test_scripts(venv: &Venv) -> Result<()> {
    let step = Step::start("Testing the scripts");
    let mut tests = environment::command(venv.python());
    tests.arg(paths::script("checks/run.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    process::run(&mut tests, "see the messages above")?;
    step.done("passed");
    Ok(())
}
