//! `sluice list`: the exports of the caller.

use export::state::ExportStatus;
use export::wire::ExportList;
use indicatif::HumanCount;

use super::outcome::{Failure, Outcome};
use super::show::exported;
use crate::Client;
use crate::text::{bytes, table};

const EXAMPLES: &str = "Examples:
  sluice list
  sluice list --status failed --all
  sluice list --json | jq -r '.exports[0].id'";

/// List exports, newest first
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice list [OPTIONS]", after_help = EXAMPLES)]
pub(super) struct List {
    /// Only exports with this status: queued, running, succeeded, failed, canceled, expired
    #[arg(long)]
    status: Option<ExportStatus>,
    /// List all exports, not only the first page
    #[arg(long)]
    all: bool,
}

impl List {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let mut list = client.exports(self.status, None).await?;
        while let Some(cursor) = list.next_cursor.take_if(|_| self.all) {
            let page = client.exports(self.status, Some(&cursor)).await?;
            list.exports.extend(page.exports);
            list.next_cursor = page.next_cursor;
        }
        Ok(Outcome::new(text(&list), list))
    }
}

fn text(list: &ExportList) -> String {
    if list.exports.is_empty() {
        return "no exports".to_owned();
    }
    let row = |export: &export::wire::Export| {
        let progress = &export.progress;
        vec![
            export.id.to_string(),
            export.status.to_string(),
            seconds(&export.accepted_at),
            format!("{:.0} %", exported(export).floor()),
            HumanCount(progress.rows).to_string(),
            bytes(progress.bytes),
        ]
    };
    let rows: Vec<_> = list.exports.iter().map(row).collect();
    let table = table(&["export", "status", "accepted", ">done", ">rows", ">bytes"], &rows);
    if list.next_cursor.is_some() { format!("{table}\nthere are more; list them with --all") } else { table }
}

/// Returns a time without its fraction, whose number of digits varies between lines. `--json` shows all digits.
fn seconds(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => time.to_owned(),
    }
}
