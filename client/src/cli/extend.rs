//! `sluice extend`: keeps the files of an export longer.

use export::id::ExportId;

use super::export_id;
use super::outcome::{Failure, Outcome};
use crate::Client;

const EXAMPLES: &str = "Examples:
  sluice extend ID
  sluice extend ID --json | jq -r .expiresAt";

/// Keep the files of an ended export for another retention, counted from now
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice extend [OPTIONS] <ID>", after_help = EXAMPLES)]
pub(super) struct Extend {
    /// ID of the export
    #[arg(value_name = "ID", value_parser = export_id)]
    id: ExportId,
}

impl Extend {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let export = client.extend(self.id).await?;
        let until = export.expires_at.as_deref().unwrap_or("further notice");
        Ok(Outcome::new(format!("the files of export {} are kept until {until}", self.id), export))
    }
}
