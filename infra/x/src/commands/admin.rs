//! `cargo x admin`: the admin function of a running stack, called with words.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::options::Named;
use crate::machine::venv::Venv;
use crate::stack::admin;
use crate::stack::state::Stack;

/// Options of `cargo x admin`.
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
    /// Types of events, separated by commas (`webhooks add`).
    #[arg(long)]
    pub(crate) events: Option<String>,
    /// Time for which the old key remains valid, such as 7d (`keys rotate`), or the old secret also signs (`webhooks rotate`).
    #[arg(long)]
    pub(crate) overlap: Option<String>,
    /// Catalog file; can also be given as an argument (`catalog check`, `catalog apply`).
    #[arg(long)]
    pub(crate) file: Option<String>,
    /// Show an earlier revision (`catalog show`).
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Read only these schemas, separated by commas (`catalog suggest`).
    #[arg(long)]
    pub(crate) schema: Option<String>,
    /// Column that holds the tenant, in the relations that have it (`catalog suggest`).
    #[arg(long)]
    pub(crate) tenant_column: Option<String>,
    /// IANA time zone in which dates and timestamps without a zone are written (`catalog suggest`).
    #[arg(long)]
    pub(crate) time_zone: Option<String>,
    /// Let every tenant see all rows of relations without the tenant column (`catalog suggest`).
    #[arg(long)]
    pub(crate) shared: bool,
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
            ("--events", self.events),
            ("--expires", self.expires),
            ("--overlap", self.overlap),
            ("--file", self.file),
            ("--revision", self.revision),
            ("--schema", self.schema),
            ("--tenant-column", self.tenant_column),
            ("--time-zone", self.time_zone),
        ];
        let given = options.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
        let flags = [
            ("--read-only", self.read_only),
            ("--allow-removal", self.allow_removal),
            ("--shared", self.shared),
        ];
        let flags = flags.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned());
        self.words.into_iter().chain(given.flatten()).chain(flags).collect()
    }
}

/// Prints the lines of the response. Fails if the response is not ok.
pub(crate) fn run(args: AdminArgs) -> Result<ExitCode> {
    let stack = Stack::running_one(&args.stack.name)?;
    let answer = admin::ask(&stack, &Venv::stack()?, &args.all())?;
    println!("{}", admin::text(&answer));
    Ok(if admin::ok(&answer) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
