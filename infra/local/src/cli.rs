//! Command line of `cargo x` and the module that each command starts.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    admin, bench, chaos, check, cost, demo, lint, logs, restart, sam, sam_local, signals, stack, stampede,
    surroundings, sustained, test, up,
};

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
    /// Write infra/COST.md and infra/SCALE.md from the model of cost and scale.
    Cost(cost::CostArgs),
    /// Process many chunks with simulated workers and print the cost of each part in the store.
    Sustained {
        /// Number of chunks.
        #[arg(long, default_value_t = 100_000)]
        chunks: u64,
    },
    /// Inject failures and restarts under load for a while, then check that nothing is wrong.
    Chaos(ChaosArgs),
    /// Send two hundred bulk requests at once to a PostgreSQL with 20 connections, and compare with a naive client.
    Stampede,
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

/// Name option of a stack.
#[derive(Args, Clone)]
pub(crate) struct Named {
    /// Name of the stack; several can run at the same time.
    #[arg(long, default_value = stack::DEFAULT_NAME)]
    pub(crate) name: String,
}

#[derive(Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Maximum number of sessions at the source, and of concurrent workers.
    #[arg(long, default_value_t = 4)]
    pub(crate) budget: u32,
    /// Maximum number of sessions at the store.
    #[arg(long, default_value_t = 4)]
    pub(crate) store_sessions: u32,
    /// Override a parameter of the template.
    #[arg(long, value_name = "PARAMETER=VALUE", value_parser = parameter)]
    pub(crate) set: Vec<(String, String)>,
    /// Leave the stack running; stop it with `cargo x down`.
    #[arg(long)]
    pub(crate) detach: bool,
    /// Use the existing binaries without building.
    #[arg(long)]
    pub(crate) built: bool,
    /// Start with an empty database.
    #[arg(long)]
    pub(crate) no_sample: bool,
    /// Return links to the storage itself, as without CloudFront.
    #[arg(long)]
    pub(crate) no_cdn: bool,
    /// Scale of the sample database; 1 is the full size.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) scale: f64,
}

#[derive(Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Output directory; defaults to a directory under target/, which is emptied first.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Scale of the sample database if the demo starts its own stack.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) scale: f64,
}

#[derive(Args)]
pub(crate) struct ChaosArgs {
    /// Minutes of injected failures; the time for recovery and checks is limited too.
    #[arg(long, default_value_t = 10)]
    pub(crate) minutes: u64,
    /// Seed of the random failures; runs are reproducible only approximately.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Maximum number of sessions at the source, and of concurrent workers.
    #[arg(long, default_value_t = 3)]
    pub(crate) budget: u32,
}

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Run a separate benchmark instead of the main table.
    pub(crate) part: Option<BenchPart>,
    /// Take about three minutes after build and loading: fewer runs, without `narrow`.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Number of rows in `orders`.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) rows: u64,
    /// Run only lines whose name contains this text.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) only: Option<String>,
}

/// Separate benchmarks.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum BenchPart {
    /// Peak memory of the worker.
    Memory,
    /// Cold start, warm status call and size of every function, as deployed.
    Cold,
    /// Time to plan a usual request and the widest possible one.
    Plan,
    /// Status calls and export of one tenant while another sends the worst requests over six connections.
    Flood,
}

#[derive(Args)]
pub(crate) struct AdminArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Admin command, for example: keys create demo; invalidate orders --from 2024-01-01 --to 2024-01-31
    #[arg(required = true)]
    pub(crate) words: Vec<String>,
    /// First day (`invalidate`).
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Last day (`invalidate`).
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// Limit to one tenant (`invalidate`).
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Limit the key to these datasets, separated by commas (`keys create`).
    #[arg(long)]
    pub(crate) datasets: Option<String>,
    /// Lifetime of the key, such as 90d or never (`keys create`, `keys rotate`).
    #[arg(long)]
    pub(crate) expires: Option<String>,
    /// Time for which the old key remains valid, such as 7d (`keys rotate`).
    #[arg(long)]
    pub(crate) overlap: Option<String>,
    /// Catalog file; can also be given as an argument (`catalog check`, `catalog apply`).
    #[arg(long)]
    pub(crate) file: Option<String>,
    /// Show an earlier revision (`catalog show`).
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Apply even if chunks of live exports fail because of it (`catalog apply`).
    #[arg(long)]
    pub(crate) allow_removal: bool,
    /// Create a read-only key (`keys create`).
    #[arg(long)]
    pub(crate) read_only: bool,
}

impl AdminArgs {
    /// Returns the words followed by the options, as typed.
    fn all(self) -> Vec<String> {
        let options = [
            ("--from", self.from),
            ("--to", self.to),
            ("--tenant", self.tenant),
            ("--datasets", self.datasets),
            ("--expires", self.expires),
            ("--overlap", self.overlap),
            ("--file", self.file),
            ("--revision", self.revision),
        ];
        let given = options.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
        let flags = [("--read-only", self.read_only), ("--allow-removal", self.allow_removal)];
        let flags = flags.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned());
        self.words.into_iter().chain(given.flatten()).chain(flags).collect()
    }
}

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

#[derive(Args)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Function to show; defaults to all.
    pub(crate) function: Option<Function>,
}

/// Functions of the template.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Function {
    Api,
    Worker,
    Sweeper,
    Admin,
}

#[derive(Args)]
pub(crate) struct RestartArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Part to restart.
    pub(crate) part: Part,
}

/// Parts that can be restarted.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Part {
    Postgres,
    Pgbouncer,
    Redis,
    /// Path from the pooler to the source, after it was stopped.
    Source,
}

#[derive(Args)]
pub(crate) struct StopArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Part to stop.
    pub(crate) part: Spare,
}

/// Parts that can be stopped. Without Redis the stack continues to work; the others cause an outage.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Spare {
    Postgres,
    Pgbouncer,
    Redis,
    /// Path from the pooler to the source, for new sessions.
    Source,
}

/// Runs one command.
pub fn run(cli: Cli) -> Result<ExitCode> {
    surroundings::prepare();
    signals::listen()?;
    match cli.command {
        Command::Up(args) => up::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Down(named) => stack::down(&named.name).map(|()| ExitCode::SUCCESS),
        Command::Demo(args) => demo::run(&args),
        Command::Test { args } => test::run(&args),
        Command::Check => check::run(),
        Command::Lint => lint::run(),
        Command::Bench(args) => bench::run(&args),
        Command::Cost(args) => cost::run(&args),
        Command::Sustained { chunks } => sustained::run(chunks),
        Command::Chaos(args) => chaos::run(&args),
        Command::Stampede => stampede::run(),
        Command::Sam { args } => sam::run(&args),
        Command::SamLocal => sam_local::run(),
        Command::Admin(args) => admin::run(&args.stack.name.clone(), &args.all()),
        Command::Invoke(args) => admin::invoke(&args.stack.name, args.function, &args.event),
        Command::Logs(args) => logs::run(&args.stack.name, args.function),
        Command::Stop(args) => restart::stop(&args.stack.name, args.part).map(|()| ExitCode::SUCCESS),
        Command::Restart(args) => restart::run(&args.stack.name, args.part).map(|()| ExitCode::SUCCESS),
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("use Parameter=Value")?;
    Ok((name.to_owned(), value.to_owned()))
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
    fn a_parameter_may_hold_an_equals_sign() {
        assert_eq!(parameter("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert!(parameter("A").is_err());
    }
}
