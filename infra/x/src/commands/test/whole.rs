//! All tests: two runs at the same time, each on a stack of its own.
//!
//! The fault tests wait for leases, deadlines and back-offs, with the processors idle, and take turns. Beside them the
//! other tests run, which share their stack. The guard comes last on each stack, since it checks the statements of both
//! runs.

use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;

use anyhow::{Context, Result, bail};

use super::failures::{self, Failures};
use super::test_stack::TestStack;
use super::{NAME, logs_of, targets};
use crate::commands::docs;
use crate::machine::signals;
use crate::machine::venv::Venv;

/// Test target that ends and restarts parts of its stack.
pub(super) const FAULTS: &str = "faults";
/// Test target that checks what the targets before it have sent.
pub(super) const GUARD: &str = "guard";
const FAULTS_STACK: &str = "test-faults";

/// Runs the documents and all tests. The output of the fault tests follows that of the others.
pub(super) fn run(venv: &Venv) -> Result<ExitCode> {
    let others: Vec<String> = targets::integration_tests()?
        .into_iter()
        .filter(|name| ![FAULTS, GUARD].contains(&name.as_str()))
        .flat_map(|name| ["--test".to_owned(), name])
        .collect();
    let others: Vec<&str> =
        ["--lib", "--bins"].into_iter().chain(others.iter().map(String::as_str)).collect();
    let fault_stack = TestStack::start(FAULTS_STACK, venv)?;
    let test_stack = TestStack::start(NAME, venv)?;
    eprintln!("▸ Running the fault tests on {FAULTS_STACK} meanwhile; their output follows the others'");

    let (documents, tests, faults) = thread::scope(|scope| {
        let faults = scope.spawn(|| {
            let mut output = Vec::new();
            let result = in_turn(&fault_stack, &[&["--test", FAULTS], &["--test", GUARD]], &mut output);
            drop(fault_stack);
            (output, result)
        });
        // Before the tests, since these change the catalog. A failure is reported after them.
        let documents = docs::check(&test_stack.stack, venv, &[]);
        let tests = signals::check()
            .and_then(|()| in_turn(&test_stack, &[&others, &["--test", GUARD]], &mut io::stdout()));
        (documents, tests, faults.join())
    });
    drop(test_stack);
    let (output, faults) = faults.map_err(|_| anyhow::anyhow!("the run of the fault tests panicked"))?;
    io::stdout().write_all(&output).context("cannot print the output of the fault tests")?;
    signals::check()?;

    let failed: Vec<Failures> = [tests?, faults?].into_iter().flatten().collect();
    if !failed.is_empty() || documents.is_err() {
        failed.iter().for_each(|failures| eprint!("{failures}"));
        if let Err(error) = &documents {
            eprintln!("{error:#}");
        }
        bail!(logs_of(&[NAME, FAULTS_STACK])?);
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `cargo test` over this stack for each selection of targets, also if one before it failed. Returns the failures of
/// each run that failed.
fn in_turn(stack: &TestStack, selections: &[&[&str]], printed: &mut impl Write) -> Result<Vec<Failures>> {
    let mut failed = Vec::new();
    for selection in selections {
        let (status, failures) =
            failures::run(stack.cargo()?.arg("--workspace").args(*selection), &mut *printed)?;
        signals::check()?;
        if !status.success() {
            failed.push(failures);
        }
    }
    Ok(failed)
}
