//! `cargo x test`: the one command that runs all tests.

mod failures;

use std::io;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use super::docs;
use crate::binaries;
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, prerequisites, process, signals};
use crate::stack::start::{Sample, StackSpec, start};
use crate::stack::state::Stack;
use crate::stack::{pgbouncer, postgres, postgres15};

const NAME: &str = "test";
const BUDGET: u32 = 3;
const STORE_SESSIONS: u32 = 4;
/// Scale of the sample's tables. Only the catalog test uses them, and it needs their shapes but hardly a row.
const SCALE: f64 = 0.001;

/// Short times and small chunks, so that leases end and ranges are split within seconds.
pub(crate) const PARAMETERS: [(&str, &str); 9] = [
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
];

/// Starts the test stack, runs every test on it, and stops it whatever their result.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    run_with_variables(args, &[])
}

/// Does the same, with environment variables that some tests read.
pub(crate) fn run_with_variables(args: &[String], variables: &[(&str, String)]) -> Result<ExitCode> {
    let venv = Venv::stack()?;
    prerequisites::pgbouncer()?;
    prerequisites::install_redis();
    prerequisites::install_nginx();
    // A run of selected tests omits the script tests, which take a minute or two.
    if args.is_empty() {
        test_scripts(&venv)?;
    }
    binaries::build_all()?;

    let set = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let spec = StackSpec {
        name: NAME,
        budget: BUDGET,
        store_sessions: STORE_SESSIONS,
        max_connections: postgres::MAX_CONNECTIONS,
        set: &set,
        sample: Sample::Tables(SCALE),
        cdn: false,
        pooler: true,
        worker_niceness: 0,
    };
    let (guard, mut stack) = start(&spec, &venv)?;
    listen(&mut stack, &venv)?;
    let older = postgres15::start(&mut stack)?;
    // Before the tests, since these change the catalog. A failure is reported after them.
    let documents = if args.is_empty() { docs::check(&stack, &venv, &[]) } else { Ok(()) };
    signals::check()?;
    let chosen = args.iter().any(|word| word == "-p" || word.starts_with("--package"));
    let mut cargo = over(&stack)?;
    cargo
        .arg("--no-fail-fast")
        .args((!chosen).then_some("--workspace"))
        .args(args)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .envs(older.map(|url| ("SLUICE_POSTGRES_15", url)))
        .env("SLUICE_PARQUET_PYTHON", Venv::parquet()?.python())
        .env("SLUICE_DOCS_PYTHON", Venv::docs()?.python())
        .env("SLUICE_SCHEMATHESIS", Venv::schemathesis()?.program("schemathesis"));
    let (status, failures) = failures::run(&mut cargo, io::stdout())?;
    drop(guard);
    signals::check()?;
    if !status.success() {
        eprint!("{failures}");
        if let Err(error) = &documents {
            eprintln!("{error:#}");
        }
        bail!("some tests failed; logs of the stack are in {}", paths::open_home()?.join(NAME).display());
    }
    documents?;
    Ok(ExitCode::SUCCESS)
}

/// Makes the server log the statements of both roles. The test `guard` checks the statements that all other tests
/// caused.
fn listen(stack: &mut Stack, venv: &Venv) -> Result<()> {
    let mut script = environment::command(venv.python());
    script.arg(paths::script("emulator/log_statements.py")).env("SLUICE_OWNER_URL", &stack.owner_url);
    process::run(&mut script, "see the messages above")?;
    // Settings of a role apply only to sessions that begin after the change.
    pgbouncer::restart(stack)
}

/// Starts a dedicated stack, runs the fault tests of this name on it with these variables, and prints their output.
/// Exit code 0 only if all of them pass.
pub(crate) fn faults(spec: &StackSpec, name: &str, variables: &[(&str, String)]) -> Result<ExitCode> {
    let venv = Venv::stack()?;
    prerequisites::pgbouncer()?;
    prerequisites::install_redis();
    binaries::build_all()?;
    let (guard, stack) = start(spec, &venv)?;
    let status = over(&stack)?
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
