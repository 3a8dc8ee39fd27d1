//! Command line of `cargo x`: the commands, which module runs each, and the help.

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::builder::Styles;
use clap::{Parser, Subcommand};

use crate::bench::{self, BenchArgs};
use crate::commands::account::{self, AccountArgs};
use crate::commands::cost::{self, CostArgs};
use crate::commands::demo::{self, DemoArgs};
use crate::commands::deploy::{self, DeployArgs};
use crate::commands::docs::{self, DocsArgs};
use crate::commands::gallery::{self, GalleryArgs};
use crate::commands::soak::{self, Soak};
use crate::commands::stack::{self, OnStack};
use crate::commands::{check, lint, sam, sam_local, test};
use crate::machine::{environment, signals, url_arguments};

/// Commands that the help lists, in groups. The others are listed by the help of `stack` and `soak`.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Every day", &["up", "demo", "test", "check", "docs", "gallery"]),
    ("A running stack", &["down", "admin", "logs", "stack"]),
    ("Measure and break", &["bench", "soak", "cost"]),
    ("Deploy", &["deploy", "sam", "sam-local", "account-test", "lint"]),
];

const TEMPLATE: &str = "{about-with-newline}\n{usage-heading} {usage}{after-help}";

/// Build, run, test and measure Sluice on this machine.
#[derive(Parser)]
#[command(name = "cargo x", bin_name = "cargo x", disable_help_subcommand = true)]
#[command(help_template = TEMPLATE, after_help = groups())]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Export the whole sample database with the `sluice` command and compare every file with the database; with
    /// --source, a bounded part of your own.
    Demo(DemoArgs),
    /// Run all tests on a dedicated stack.
    Test {
        /// Arguments passed to `cargo test`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Check formatting, clippy, documentation, templates, language, costs and dependencies. Needs no stack.
    Check {
        /// Only print the texts that users can meet, with their places, and their number by area.
        #[arg(long)]
        texts: bool,
    },
    /// Run every command and snippet of README.md and docs/ on a stack, and check all links.
    Docs(DocsArgs),
    /// Take the pictures of the page in docs/gallery/ again, in Chromium, on a stack with the sample.
    Gallery(GalleryArgs),
    /// Scan all templates for insecure settings.
    Lint,
    /// Benchmark the worker against comparable tools, on a dedicated PostgreSQL.
    Bench(BenchArgs),
    /// Write infra/COST.md and infra/SCALE.md from the model of cost and scale, or measure a running stack for it.
    Cost(CostArgs),
    /// Deploy to AWS what deploy/NAME.toml describes: asks, builds, shows the changes, deploys, checks, creates a key.
    Deploy(Box<DeployArgs>),
    /// Build deployable functions with `sam build`.
    Sam {
        /// Arguments passed to `sam`; defaults to `build`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run the deployable functions in Docker with `sam local`, on a dedicated stack, and check their responses.
    SamLocal,
    /// Settle on your AWS account what only an account can: deploy a trial, export, compare, measure, delete everything.
    AccountTest(AccountArgs),
    /// Start and stop a stack or its parts, call its functions: up, down, restart, stop, start, logs, invoke, admin.
    Stack {
        #[command(subcommand)]
        command: OnStack,
    },
    /// Run for long under load or with injected failures: chaos, stampede, sustained.
    Soak {
        #[command(subcommand)]
        command: Soak,
    },
    #[command(flatten)]
    OnStack(OnStack),
    #[command(flatten)]
    Soaked(Soak),
}

/// Runs one command.
///
/// # Errors
/// If the command fails.
pub fn run(cli: Cli) -> Result<ExitCode> {
    url_arguments::hide()?;
    environment::prepare();
    signals::listen()?;
    match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Test { args } => test::run(&args),
        Command::Check { texts: true } => check::print_texts(),
        Command::Check { texts: false } => check::run(),
        Command::Docs(args) => docs::run(&args),
        Command::Gallery(args) => gallery::run(&args),
        Command::Lint => lint::run(),
        Command::Bench(args) => bench::run(&args),
        Command::Cost(args) => cost::run(&args),
        Command::Deploy(args) => deploy::run(&args),
        Command::Sam { args } => sam::run(&args),
        Command::SamLocal => sam_local::run(),
        Command::AccountTest(args) => account::run(&args),
        Command::Stack { command } | Command::OnStack(command) => stack::run(command),
        Command::Soak { command } | Command::Soaked(command) => soak::run(&command),
    }
}

/// Returns the help's list of commands.
fn groups() -> String {
    let all = Command::augment_subcommands(clap::Command::default());
    let styles = Styles::styled();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let mut text = String::new();
    for (group, names) in GROUPS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{header}{group}:{header:#}");
        for name in names {
            let about =
                all.find_subcommand(name).and_then(clap::Command::get_about).cloned().unwrap_or_default();
            let _ = writeln!(text, "  {literal}{name:<12}{literal:#}  {about}");
        }
        text.push('\n');
    }
    text + "Options of a command: cargo x COMMAND --help"
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_is_in_the_help_of_cargo_x_or_of_a_group() {
        let cli = Cli::command();
        let listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        for name in &listed {
            assert!(cli.find_subcommand(name).is_some(), "{name} is no command");
        }
        let within = |group: &str| cli.find_subcommand(group).unwrap().get_subcommands();
        let grouped: Vec<&str> = within("stack").chain(within("soak")).map(clap::Command::get_name).collect();
        for command in cli.get_subcommands().map(clap::Command::get_name) {
            assert!(listed.contains(&command) || grouped.contains(&command), "{command} is in no help");
        }
    }

    #[test]
    fn a_command_of_a_group_is_a_command_of_its_own_too() {
        for words in [&["chaos", "--minutes", "1"][..], &["restart", "redis"], &["logs", "worker"], &["down"]]
        {
            assert!(Cli::try_parse_from([&["x"], words].concat()).is_ok(), "{words:?}");
            let group = if words[0] == "chaos" { "soak" } else { "stack" };
            assert!(Cli::try_parse_from([&["x", group], words].concat()).is_ok(), "{group} {words:?}");
        }
    }
}
