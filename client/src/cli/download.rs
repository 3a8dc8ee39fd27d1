//! `sluice download`: downloads the files of an export, or resumes the download.

use export::id::ExportId;
use export::state::ExportStatus;
use serde_json::json;

use super::export::outcome;
use super::export_id;
use super::fetch::Destination;
use super::outcome::{Failure, Outcome};
use super::{show, wait};
use crate::Client;

const EXAMPLES: &str = "Examples:
  sluice download ID
  sluice download ID --out data --parallel 8
  sluice download ID --out data --single --limit-rate 10M
  sluice download ID --out data --partial      what is there already, of a running or failed export";

/// Download the files of an export, skipping files that are already present
///
/// Waits for an export that is still running.
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice download [OPTIONS] <ID>", after_help = EXAMPLES)]
pub(super) struct Download {
    /// ID of the export
    #[arg(value_name = "ID", value_parser = export_id)]
    id: ExportId,
    /// Download the files available now, even if the export is running or has failed
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    target: Destination,
}

impl Download {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let work = async {
            let mut export = client.export(self.id).await?;
            if !self.partial {
                export = wait::until_ended(client, export).await?;
            }
            let client = &wait::patient(client);
            let loaded = match export.status {
                ExportStatus::Succeeded => self.target.load_all(client, self.id).await?,
                _ if self.partial => self.target.load_present(client, self.id).await?,
                _ => {
                    let outcome =
                        Outcome::new(show::export(&export, self.target.out()), json!({ "export": export }));
                    return Ok(outcome.failed_if(true));
                }
            };
            Ok(outcome(export, loaded, None))
        };
        wait::unless_interrupted(work).await.map_err(|failure| match failure {
            Failure::Interrupted => failure.hint(self.target.resume_hint(self.id)),
            other => other,
        })
    }
}
