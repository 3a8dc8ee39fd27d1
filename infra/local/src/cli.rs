//! The words of `cargo x` and which module each one starts.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    admin, bench, chaos, check, demo, lint, logs, restart, sam, sam_local, signals, stack, stampede,
    surroundings, sustained, test, up,
};

/// Runs Sluice on this machine.
#[derive(Parser)]
#[command(name = "cargo x", bin_name = "cargo x", disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a stack: PostgreSQL, pooler, emulator, deployed template, sample data. Ctrl-C stops it.
    Up(UpArgs),
    /// Stop a stack that was started with --detach or left behind.
    Down(Named),
    /// Export the whole sample database with the `sluice` command and verify every file against the database.
    Demo(DemoArgs),
    /// Run all tests over a stack of their own.
    Test {
        /// Passed on to `cargo test`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Format, clippy, documentation, templates: everything that needs no running stack.
    Check,
    /// Scan all templates for insecure settings.
    Lint,
    /// Measure the worker beside its peers, against a PostgreSQL of its own.
    Bench(BenchArgs),
    /// Send many chunks through a store by simulated workers and print what each part of them cost.
    Sustained {
        /// How many.
        #[arg(long, default_value_t = 100_000)]
        chunks: u64,
    },
    /// Kill, restart and break everything for a while under load, then look whether anything is wrong.
    Chaos(ChaosArgs),
    /// Two hundred bulk requests at once over a PostgreSQL with 20 connections, beside a naive client.
    Stampede,
    /// Build deployable functions with `sam build`.
    Sam {
        /// Passed on to `sam`; `build` when there is none.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run the deployable functions in Docker with `sam local`, over a stack of their own, and see whether they answer.
    SamLocal,
    /// Talk to the admin function of a running stack: migrate, check, catalog apply FILE, keys create TENANT ...
    Admin(AdminArgs),
    /// Invoke a function of a running stack.
    Invoke(InvokeArgs),
    /// What the functions of a running stack have logged.
    Logs(LogsArgs),
    /// Restart a part of a running stack, on its old port.
    Restart(RestartArgs),
    /// Stop a part that a running stack can do without, until it is restarted.
    Stop(StopArgs),
}

/// Which stack is meant.
#[derive(Args, Clone)]
pub(crate) struct Named {
    /// Name of the stack; several run side by side.
    #[arg(long, default_value = stack::DEFAULT_NAME)]
    pub(crate) name: String,
}

#[derive(Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Sessions the source may see, and workers at once.
    #[arg(long, default_value_t = 4)]
    pub(crate) budget: u32,
    /// Sessions the store may see.
    #[arg(long, default_value_t = 4)]
    pub(crate) store_sessions: u32,
    /// Override a parameter of the template.
    #[arg(long, value_name = "PARAMETER=VALUE", value_parser = parameter)]
    pub(crate) set: Vec<(String, String)>,
    /// Leave the stack running; `cargo x down` stops it.
    #[arg(long)]
    pub(crate) detach: bool,
    /// Take the binaries as they were built last.
    #[arg(long)]
    pub(crate) built: bool,
    /// Start with an empty database.
    #[arg(long)]
    pub(crate) no_sample: bool,
    /// Hand out the storage's own links, as without CloudFront.
    #[arg(long)]
    pub(crate) no_cdn: bool,
    /// Size of the sample database, 1 being the whole one.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) scale: f64,
}

#[derive(Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Where the files go; by default a folder under target/, emptied first.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Size of the sample database when the demo starts a stack of its own.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) scale: f64,
}

#[derive(Args)]
pub(crate) struct ChaosArgs {
    /// How long things break; what follows is bounded, too.
    #[arg(long, default_value_t = 10)]
    pub(crate) minutes: u64,
    /// Decides what breaks when, as far as that can be decided.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Sessions at the source, and workers at once.
    #[arg(long, default_value_t = 3)]
    pub(crate) budget: u32,
}

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// A table of its own instead.
    pub(crate) part: Option<BenchPart>,
    /// About three minutes after build and loading: fewer runs, without `narrow`.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Rows of `orders`.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) rows: u64,
    /// Only lines whose name contains this.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) only: Option<String>,
}

/// Parts of the bench.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum BenchPart {
    /// The worker's peak memory.
    Memory,
    /// Cold start, warm status call and size of every function, as it is deployed.
    Cold,
    /// Time to plan the usual request and the widest one.
    Plan,
    /// Another tenant's status calls and export while one sends the worst requests over six connections.
    Flood,
}

#[derive(Args)]
pub(crate) struct AdminArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// For example: keys create demo; invalidate orders --from 2024-01-01 --to 2024-01-31
    #[arg(required = true)]
    pub(crate) words: Vec<String>,
    /// Of `invalidate`: the first day.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Of `invalidate`: the last day.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// Of `invalidate`: one tenant only.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Of `keys create`: only these datasets, separated by commas.
    #[arg(long)]
    pub(crate) datasets: Option<String>,
    /// Of `keys create` and `keys rotate`: how long it works, such as 90d or never.
    #[arg(long)]
    pub(crate) expires: Option<String>,
    /// Of `keys rotate`: how long the old key works on, such as 7d.
    #[arg(long)]
    pub(crate) overlap: Option<String>,
    /// Of `catalog check` and `catalog apply`: the catalog; it may also stand as a word.
    #[arg(long)]
    pub(crate) file: Option<String>,
    /// Of `catalog show`: an earlier revision.
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Of `catalog apply`: also where chunks of live exports fail by it.
    #[arg(long)]
    pub(crate) allow_removal: bool,
    /// Of `keys create`: it may read only.
    #[arg(long)]
    pub(crate) read_only: bool,
}

impl AdminArgs {
    /// The words with the options behind them, as they were typed.
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
    /// Which function.
    pub(crate) function: Function,
    /// The event, as JSON.
    #[arg(default_value = "{}")]
    pub(crate) event: String,
}

#[derive(Args)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Which function; all of them without it.
    pub(crate) function: Option<Function>,
}

/// The functions of the template.
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
    /// Which part.
    pub(crate) part: Part,
}

/// The parts that fault tests restart.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Part {
    Postgres,
    Pgbouncer,
    Redis,
    /// The way from the pooler to the source, which was stopped.
    Source,
}

#[derive(Args)]
pub(crate) struct StopArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Which part.
    pub(crate) part: Spare,
}

/// The parts that fault tests stop. Without Redis everything goes on; the others are an outage.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Spare {
    Postgres,
    Pgbouncer,
    Redis,
    /// The way from the pooler to the source, for sessions that begin after it.
    Source,
}

/// Carries out one command.
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
    let (name, value) = text.split_once('=').ok_or("write Parameter=Value")?;
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
