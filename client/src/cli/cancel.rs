//! `sluice cancel`: cancels an export, or deletes an ended one.

use export::id::ExportId;
use export::state::ExportStatus;
use export::wire::Export;
use serde_json::json;

use super::export_id;
use super::outcome::{Failure, Outcome};
use crate::Client;

const EXAMPLES: &str = "Examples:
  sluice cancel ID
  sluice list --status running --json | jq -r '.exports[].id' | xargs -n 1 sluice cancel";

/// Cancel a running export, or delete an ended one with its files
///
/// The files that a canceled export has already written are kept until it expires: `sluice download ID --partial`
/// downloads them, and a second `sluice cancel ID` deletes them.
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice cancel [OPTIONS] <ID>", after_help = EXAMPLES)]
pub(super) struct Cancel {
    /// ID of the export
    #[arg(value_name = "ID", value_parser = export_id)]
    id: ExportId,
}

impl Cancel {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        Ok(match client.cancel(self.id).await? {
            Some(export) => Outcome::new(text(&export), export),
            None => {
                let data = json!({"id": self.id, "deleted": true});
                Outcome::new(format!("export {} is deleted", self.id), data)
            }
        })
    }
}

/// Describes the files that remain, and how to delete them too.
fn text(export: &Export) -> String {
    let id = export.id;
    let mut lines = vec![format!("export {id} is {}", export.status)];
    if export.status == ExportStatus::Canceled && export.progress.chunks.done > 0 {
        let until = export.expires_at.as_ref().map(|at| format!(" until {at}")).unwrap_or_default();
        lines.push(format!(
            "files already written are kept{until}; download them with: sluice download {id} --partial"
        ));
        lines.push(format!("delete them now with: sluice cancel {id}"));
    }
    lines.join("\n")
}
