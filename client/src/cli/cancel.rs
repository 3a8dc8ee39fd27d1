//! `sluice cancel`: cancels a live export. It never deletes files.

use export::id::ExportId;
use export::state::ExportStatus;
use export::wire::Export;

use super::export_id;
use super::outcome::{Failure, Outcome};
use crate::Client;

const EXAMPLES: &str = "Examples:
  sluice cancel ID
  sluice list --status running --json | jq -r '.exports[].id' | xargs -n 1 sluice cancel";

/// Cancel a running or queued export
///
/// The files that it has already written are kept until it expires: `sluice download ID --partial` downloads them, and
/// `sluice delete ID` deletes them. An export that has ended is not changed.
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice cancel [OPTIONS] <ID>", after_help = EXAMPLES)]
pub(super) struct Cancel {
    /// ID of the export
    #[arg(value_name = "ID", value_parser = export_id)]
    id: ExportId,
}

impl Cancel {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        match client.cancel(self.id).await {
            Ok(export) => Ok(Outcome::new(text(&export), export)),
            Err(error) if error.status() == Some(409) => {
                let id = self.id;
                Err(Failure::from(error).hint(format!(
                    "download its files with: sluice download {id}; delete them with: sluice delete {id}"
                )))
            }
            Err(error) => Err(error.into()),
        }
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
        lines.push(format!("delete them now with: sluice delete {id}"));
    }
    lines.join("\n")
}
