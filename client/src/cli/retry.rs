//! `sluice retry`: retries the failed chunks of an export.

use export::id::ExportId;

use super::export_id;
use super::outcome::{Failure, Outcome};
use crate::Client;

const EXAMPLES: &str = "Examples:
  sluice retry ID && sluice download ID";

/// Retry the failed chunks of an export; completed chunks are kept
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice retry [OPTIONS] <ID>", after_help = EXAMPLES)]
pub(super) struct Retry {
    /// ID of the export
    #[arg(value_name = "ID", value_parser = export_id)]
    id: ExportId,
}

impl Retry {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let export = client.retry(self.id).await?;
        let id = self.id;
        let text = format!(
            "export {id} is {} again; wait for it and download it with: sluice download {id}",
            export.status
        );
        Ok(Outcome::new(text, export))
    }
}
