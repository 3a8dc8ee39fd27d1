//! Command line of `cargo x`: the commands, which module runs each, and the help.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::bench::{self, BenchArgs};
use crate::commands::admin::{self, AdminArgs};
use crate::commands::demo::{self, DemoArgs};
use crate::commands::invoke::{self, InvokeArgs};
use crate::commands::logs::{self, LogsArgs};
use crate::commands::options::Named;
use crate::commands::part::{self, RestartArgs, StopArgs};
use crate::commands::soak::{self, Soak};
use crate::commands::up::{self, UpArgs};
use crate::commands::{check, lint, sam, sam_local, test};
use crate::machine::{signals, surroundings};

/// Build, run, test and measure Sluice on this machine.
#[derive(Parser)]
#[command(name = "cargo x", bin_name = "cargo x", disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a stack: PostgreSQL, pooler, AWS emulator, deployed template, sample data. Ctrl-C stops it.
    Up(UpArgs),
    /// Stop a stack that was started with --detach or left running.
    Down(Named),
    /// Export the whole sample database with the `sluice` command and compare every file with the database.
    Demo(DemoArgs),
    /// Run all tests on a dedicated stack.
    Test {
        /// Arguments passed to `cargo test`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Check formatting, clippy, documentation, templates and dependencies. Needs no running stack.
    Check,
    /// Scan all templates for insecure settings.
    Lint,
    /// Benchmark the worker against comparable tools, on a dedicated PostgreSQL.
    Bench(BenchArgs),
    #[command(flatten)]
    Soak(Soak),
    /// Build deployable functions with `sam build`.
    Sam {
        /// Arguments passed to `sam`; defaults to `build`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run the deployable functions in Docker with `sam local`, on a dedicated stack, and check their responses.
    SamLocal,
    /// Call the admin function of a running stack: migrate, check, catalog apply FILE, keys create TENANT ...
    Admin(AdminArgs),
    /// Invoke a function of a running stack.
    Invoke(InvokeArgs),
    /// Print the logs of the functions of a running stack.
    Logs(LogsArgs),
    /// Restart a part of a running stack on the same port.
    Restart(RestartArgs),
    /// Stop a part of a running stack until it is restarted.
    Stop(StopArgs),
}

/// Runs one command.
///
/// # Errors
/// If the command fails.
pub fn run(cli: Cli) -> Result<ExitCode> {
    surroundings::prepare();
    signals::listen()?;
    match cli.command {
        Command::Up(args) => up::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Down(named) => up::down(&named.name).map(|()| ExitCode::SUCCESS),
        Command::Demo(args) => demo::run(&args),
        Command::Test { args } => test::run(&args),
        Command::Check => check::run(),
        Command::Lint => lint::run(),
        Command::Bench(args) => bench::run(&args),
        Command::Soak(command) => soak::run(&command),
        Command::Sam { args } => sam::run(&args),
        Command::SamLocal => sam_local::run(),
        Command::Admin(args) => admin::run(args),
        Command::Invoke(args) => invoke::run(&args),
        Command::Logs(args) => logs::run(&args),
        Command::Stop(args) => part::stop(&args).map(|()| ExitCode::SUCCESS),
        Command::Restart(args) => part::restart(&args).map(|()| ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }
}
