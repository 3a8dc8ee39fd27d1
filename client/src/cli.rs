//! The command line: one file per command. Results go to stdout, everything else to stderr.
//!
//! Exit codes: 0 success; 1 the export or a file failed; 2 the request was rejected or the arguments are invalid; 130
//! interrupted.

mod admin;
mod api;
mod cancel;
mod chunks;
mod completions;
mod datasets;
mod delete;
mod delivery;
mod destinations;
mod download;
mod export;
mod extend;
mod fetch;
mod flags;
mod gauge;
mod import_calls;
mod limits;
mod list;
mod login;
mod logout;
mod man;
mod mcp;
mod outcome;
mod plan;
mod plan_file;
mod profile;
mod progress;
mod request;
mod request_source;
mod retry;
mod saved;
mod session;
mod show;
mod sql;
mod status;
mod submission;
mod sync;
mod tally;
mod terminal;
mod verify;
mod wait;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod texts;

use std::process::ExitCode;

use ::export::id::ExportId;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use serde::{Deserialize, Serialize};

use outcome::{Failure, Outcome};
use session::Session;

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
  sluice verify data

Exit codes:
  0    success
  1    an export, a file or the connection failed
  2    the arguments are not valid, or the API refused the request
  130  interrupted";

/// Parses the ID of an export.
fn export_id(text: &str) -> Result<ExportId, String> {
    text.parse().map_err(|_| "use the ID that `sluice export` printed; `sluice list` lists all".to_owned())
}

/// Text that is hidden in debug output.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
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
    Destinations(destinations::Destinations),
    Plan(Box<plan::PlanArgs>),
    Export(Box<export::Export>),
    Sync(Box<sync::Sync>),
    Status(status::Status),
    Chunks(chunks::Chunks),
    List(list::List),
    Download(download::Download),
    Cancel(cancel::Cancel),
    Delete(delete::Delete),
    Retry(retry::Retry),
    Extend(extend::Extend),
    Saved(saved::Saved),
    Limits(limits::Limits),
    Verify(verify::Verify),
    Sql(sql::Sql),
    Api(api::Api),
    ImportCalls(import_calls::ImportCalls),
    Login(login::Login),
    Logout(logout::Logout),
    Mcp(mcp::Mcp),
    Completions(completions::Completions),
    Man(man::Man),
    Admin(Box<admin::Admin>),
}

impl Command {
    async fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Datasets(command) => command.run(&session.client()?).await,
            Self::Destinations(command) => command.run(&session.client()?).await,
            Self::Plan(command) => command.run(&session.client()?).await,
            Self::Export(command) => command.run(&session.client()?).await,
            Self::Sync(command) => command.run(&session.client()?).await,
            Self::Status(command) => command.run(&session.client()?).await,
            Self::Chunks(command) => command.run(&session.client()?).await,
            Self::List(command) => command.run(&session.client()?).await,
            Self::Download(command) => command.run(&session.client()?).await,
            Self::Cancel(command) => command.run(&session.client()?).await,
            Self::Delete(command) => command.run(&session.client()?).await,
            Self::Retry(command) => command.run(&session.client()?).await,
            Self::Extend(command) => command.run(&session.client()?).await,
            Self::Saved(command) => command.run(&session.client()?).await,
            Self::Limits(command) => command.run(&session.client()?).await,
            Self::Api(command) => command.run(&session.client()?).await,
            Self::ImportCalls(command) => command.run(session).await,
            Self::Login(command) => command.run(session).await,
            Self::Logout(command) => command.run(session),
            Self::Sql(command) => command.run(session).await,
            Self::Mcp(command) => command.run(&session.client()?).await,
            Self::Completions(command) => command.run(Arguments::command()),
            Self::Man(command) => command.run(Arguments::command()),
            Self::Verify(command) => command.run(),
            Self::Admin(command) => command.run(),
        }
    }
}

/// Parses the arguments, runs the command and prints its outcome.
pub async fn run() -> ExitCode {
    let color = terminal::color_of_help(std::env::args_os());
    let matches = Arguments::command().color(color).get_matches();
    let Arguments { session, command } = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.format(&mut Arguments::command()).exit(),
    };
    let session = session.with_sources(&matches);
    terminal::set_up(session.progress, session.color);
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
