//! The command line: one file per command. Results go to stdout, everything else to stderr.
//!
//! Exit codes: 0 success; 1 the export or a file failed; 2 the request was rejected or the arguments are invalid; 130
//! interrupted.

mod admin;
mod cancel;
mod datasets;
mod download;
mod export;
mod fetch;
mod flags;
mod gauge;
mod list;
mod outcome;
mod plan;
mod progress;
mod request;
mod request_source;
mod retry;
mod show;
mod status;
mod verify;
mod wait;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::{Client, Retries};
use outcome::{Failure, Outcome};

/// Maximum time the command line waits while the api returns 429. A command may run unattended, so this is a day.
const MAX_RATE_LIMIT_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Bulk export of PostgreSQL data to files.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(flatten)]
    session: Session,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  sluice datasets
  sluice plan '*' --from 2023-08-31 --to 2024-08-04
  sluice export '*' --from 2023-08-31 --to 2024-08-04 --out data
  sluice export orders order_lines --from 2024-01-01 --to 2024-01-31 \\
      --columns orders=id,country,total --filter 'orders.total>=10' --filter orders.country=NL
  sluice verify data";

/// Options shared by all commands.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
struct Session {
    /// URL of the API, with or without /api/v1
    #[arg(long, global = true, env = "SLUICE_URL", value_name = "URL")]
    url: Option<String>,
    /// API key; prefer the environment variable to this option
    #[arg(long, global = true, env = "SLUICE_KEY", hide_env_values = true, value_name = "KEY")]
    key: Option<Secret>,
    /// Allow sending the key over plain HTTP, where it can be intercepted
    #[arg(long, global = true)]
    insecure: bool,
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
}

/// Text that is hidden in debug output.
#[derive(Clone)]
struct Secret(String);

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Datasets(datasets::Datasets),
    Plan(Box<plan::PlanArgs>),
    Export(Box<export::Export>),
    Status(status::Status),
    List(list::List),
    Download(download::Download),
    Cancel(cancel::Cancel),
    Retry(retry::Retry),
    Verify(verify::Verify),
    Admin(Box<admin::Admin>),
}

impl Session {
    fn client(&self) -> Result<Client, Failure> {
        let given = |text: &&str| !text.is_empty();
        let url = self.url.as_deref().filter(given);
        let url = url.ok_or_else(|| {
            Failure::Usage("the API address is missing: set SLUICE_URL or use --url".into())
        })?;
        let key = self.key.as_ref().map(|key| key.0.as_str()).filter(given);
        let client = if self.insecure { Client::insecure(url, key) } else { Client::new(url, key) }?;
        let retries = Retries { patience: MAX_RATE_LIMIT_WAIT, ..client.retries() };
        Ok(client.with_retries(retries).with_notice(|why, wait| wait::notice(why, wait, true)))
    }
}

impl Command {
    async fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Datasets(command) => command.run(&session.client()?).await,
            Self::Plan(command) => command.run(&session.client()?).await,
            Self::Export(command) => command.run(&session.client()?).await,
            Self::Status(command) => command.run(&session.client()?).await,
            Self::List(command) => command.run(&session.client()?).await,
            Self::Download(command) => command.run(&session.client()?).await,
            Self::Cancel(command) => command.run(&session.client()?).await,
            Self::Retry(command) => command.run(&session.client()?).await,
            Self::Verify(command) => command.run(),
            Self::Admin(command) => command.run(),
        }
    }
}

/// Parses the arguments, runs the command and prints its outcome.
pub async fn run() -> ExitCode {
    let Arguments { session, command } = Arguments::parse();
    // The futures of the commands are large; one allocation keeps them off the stack.
    let result = Box::pin(command.run(&session)).await;
    outcome::print(result, session.json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_definition_is_valid() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn debug_output_hides_the_key() {
        let arguments =
            Arguments::parse_from(["sluice", "--url", "http://x", "--key", "slc_a_secret", "list"]);
        assert!(!format!("{arguments:?}").contains("secret"));
        assert!(arguments.session.client().is_err(), "the key would be readable on the way");
        let arguments =
            Arguments::parse_from(["sluice", "--url", "https://x", "--key", "slc_a_secret", "list"]);
        let client = arguments.session.client().unwrap();
        assert!(!format!("{client:?}").contains("secret"));
    }
}
