//! `sluice delete`: deletes an ended export with its files.

use export::id::ExportId;
use export::wire::Export;
use serde_json::json;

use super::outcome::{Failure, Outcome};
use super::{export_id, terminal, wait};
use crate::Client;
use crate::text::{bytes, count};

const EXAMPLES: &str = "Examples:
  sluice delete ID
  sluice delete ID --yes
  sluice list --status failed --all --json | jq -r '.exports[].id' | xargs -n 1 sluice delete --yes";

/// Delete an ended export with its files
///
/// On a terminal it waits for a confirmation; elsewhere --yes is required. Files that were downloaded are not touched. A running export has to
/// be canceled first.
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice delete [OPTIONS] <ID>", after_help = EXAMPLES)]
pub(super) struct Delete {
    /// ID of the export
    #[arg(value_name = "ID", value_parser = export_id)]
    id: ExportId,
    /// Delete without a confirmation
    #[arg(long, short)]
    yes: bool,
}

impl Delete {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let id = self.id;
        if !self.yes && !terminal::is_interactive() {
            return Err(Failure::Usage(format!(
                "--yes: without a terminal, the deletion of export {id} with its files cannot be confirmed; repeat with --yes"
            )));
        }
        if !self.yes && !wait::confirmed(&question(&client.export(id).await?)).await {
            return Err(Failure::Canceled(format!("export {id} is not deleted")));
        }
        match client.delete(id).await {
            Ok(()) => Ok(Outcome::new(format!("export {id} is deleted"), json!({"id": id, "deleted": true}))),
            Err(error) if error.status() == Some(409) => {
                Err(Failure::from(error).hint(format!("cancel it first with: sluice cancel {id}")))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn question(export: &Export) -> String {
    let (id, progress) = (export.id, &export.progress);
    let files = format!("{}, {}", count(progress.rows, "row"), bytes(progress.bytes));
    format!("delete export {id} ({}, {files}) with its files? [y/N] ", export.status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, Server};

    const LIVE: &str =
        r#"{"title": "Export state does not allow this", "status": 409, "detail": "the export is running"}"#;

    #[tokio::test]
    async fn delete_needs_a_confirmation() {
        let server = Server::start(|_, _| Reply::new(204, ""));
        let delete = |yes| Delete { id: ExportId::from_random([7; 16]), yes };
        let refused = delete(false).run(&server.client()).await.err().unwrap();
        assert_eq!((refused.code(), server.requests().len()), (2, 0), "tests have no terminal");
        delete(true).run(&server.client()).await.unwrap();
        assert!(server.requests()[0].line.ends_with("?if=ended"));
    }

    #[tokio::test]
    async fn live_export_is_to_be_canceled_first() {
        let server = Server::start(|_, _| Reply::new(409, LIVE));
        let delete = Delete { id: ExportId::from_random([7; 16]), yes: true };
        let refused = delete.run(&server.client()).await.err().unwrap();
        assert!(refused.text().contains("cancel it first with: sluice cancel"), "{}", refused.text());
    }
}
