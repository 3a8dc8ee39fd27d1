//! `sluice saved`: requests that are kept, with relative dates and a schedule.

mod create;
mod text;

use clap::Subcommand;
use serde_json::json;

use super::outcome::{Failure, Outcome};
use crate::Client;

const EXAMPLES: &str = "Examples:
  sluice saved create orders-daily orders --range yesterday --every daily --at 06:00 --zone Europe/Berlin --grace 60m
  sluice saved create month '*' --range 'last closed month' --every monthly --on 2 --destination acme-lake
  sluice saved create new orders --range 'since last success' --every cron --cron '*/20 6-18 * * mon-fri'
  sluice saved list
  sluice saved runs orders-daily
  sluice saved run orders-daily
  sluice saved delete orders-daily";

/// Save exports that run by a schedule
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice saved [OPTIONS] <COMMAND>", after_help = EXAMPLES)]
pub(super) struct Saved {
    #[command(subcommand)]
    command: SavedCommand,
}

#[derive(Debug, Subcommand)]
enum SavedCommand {
    Create(Box<create::Create>),
    /// List saved exports
    List,
    /// Show a saved export, its next run and its last failure
    Show(Named),
    /// List the runs of a saved export, newest first
    Runs(Runs),
    /// Stop its schedule; a run that is under way continues
    Pause(Named),
    /// Continue its schedule; missed periods are caught up
    Resume(Named),
    /// Run it now
    Run(Named),
    /// Delete it; the exports of its runs stay
    Delete(Named),
}

#[derive(Debug, clap::Args)]
struct Named {
    /// Name of the saved export
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Debug, clap::Args)]
struct Runs {
    /// Name of the saved export
    #[arg(value_name = "NAME")]
    name: String,
    /// List all runs, not only the first page
    #[arg(long)]
    all: bool,
}

impl Saved {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        match self.command {
            SavedCommand::Create(create) => create.run(client).await,
            SavedCommand::List => list(client).await,
            SavedCommand::Show(Named { name }) => {
                let saved = client.saved(&name).await?;
                Ok(Outcome::new(text::show(&saved), saved))
            }
            SavedCommand::Runs(Runs { name, all }) => runs(client, &name, all).await,
            SavedCommand::Pause(Named { name }) => {
                let saved = client.pause_saved(&name, true).await?;
                Ok(Outcome::new(
                    format!("{name} is paused; continue it with: sluice saved resume {name}"),
                    saved,
                ))
            }
            SavedCommand::Resume(Named { name }) => {
                let saved = client.pause_saved(&name, false).await?;
                Ok(Outcome::new(text::show(&saved), saved))
            }
            SavedCommand::Run(Named { name }) => {
                let saved = client.run_saved(&name).await?;
                let text = match &saved.running {
                    Some(export) => {
                        format!("{name} runs as export {export}; wait with: sluice status {export} --watch")
                    }
                    None => text::show(&saved),
                };
                Ok(Outcome::new(text, saved))
            }
            SavedCommand::Delete(Named { name }) => {
                client.delete_saved(&name).await?;
                let text = format!("{name} is deleted; the exports of its runs stay");
                Ok(Outcome::new(text, json!({"name": name, "deleted": true})))
            }
        }
    }
}

async fn list(client: &Client) -> Result<Outcome, Failure> {
    let mut list = client.all_saved(None).await?;
    while let Some(cursor) = list.next_cursor.take() {
        let page = client.all_saved(Some(&cursor)).await?;
        list.saved.extend(page.saved);
        list.next_cursor = page.next_cursor;
    }
    Ok(Outcome::new(text::list(&list), list))
}

async fn runs(client: &Client, name: &str, all: bool) -> Result<Outcome, Failure> {
    let mut list = client.saved_runs(name, None).await?;
    while let Some(cursor) = list.next_cursor.take_if(|_| all) {
        let page = client.saved_runs(name, Some(&cursor)).await?;
        list.runs.extend(page.runs);
        list.next_cursor = page.next_cursor;
    }
    Ok(Outcome::new(text::runs(&list), list))
}
