//! `sluice retry`: run again what failed.

use export::id::ExportId;

use super::outcome::{Failure, Outcome};
use crate::Client;

/// Run again what failed in an export; what is done stays
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice retry [OPTIONS] <ID>")]
pub(super) struct Retry {
    /// The export
    #[arg(value_name = "ID")]
    id: ExportId,
}

impl Retry {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let export = client.retry(self.id).await?;
        let id = self.id;
        let text = format!(
            "export {id} is {} again; wait for it and load it with: sluice download {id}",
            export.status
        );
        Ok(Outcome::new(text, export))
    }
}
