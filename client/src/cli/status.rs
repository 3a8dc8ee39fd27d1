//! `sluice status`: the status of an export.

use export::id::ExportId;
use export::state::ExportStatus;

use super::export_id;
use super::outcome::{Failure, Outcome};
use super::{show, wait};
use crate::Client;

const EXAMPLES: &str = "Examples:
  sluice status ID
  sluice status ID --watch
  sluice status ID --json | jq .progress.percent";

/// Show the status of an export
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice status [OPTIONS] <ID>", after_help = EXAMPLES)]
pub(super) struct Status {
    /// ID of the export
    #[arg(value_name = "ID", value_parser = export_id)]
    id: ExportId,
    /// Show the progress until the export ends; exit code 1 unless it succeeds
    #[arg(long)]
    watch: bool,
}

impl Status {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let mut export = client.export(self.id).await?;
        if self.watch {
            let ended = wait::unless_interrupted(wait::until_ended(client, export)).await;
            export = ended.map_err(|failure| match failure {
                Failure::Interrupted => failure.hint(format!("export {} is not affected", self.id)),
                other => other,
            })?;
        }
        let failed = self.watch && export.status != ExportStatus::Succeeded;
        Ok(Outcome::new(show::export(&export, None), export).failed_if(failed))
    }
}
