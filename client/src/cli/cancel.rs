//! `sluice cancel`: end an export, or forget an ended one.

use export::id::ExportId;
use serde_json::json;

use super::outcome::{Failure, Outcome};
use crate::Client;

/// Cancel a running export, or delete an ended one with its files
#[derive(Debug, clap::Args)]
pub(super) struct Cancel {
    /// The export
    #[arg(value_name = "ID")]
    id: ExportId,
}

impl Cancel {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        Ok(match client.cancel(self.id).await? {
            Some(export) => Outcome::new(format!("export {} is {}", self.id, export.status), export),
            None => {
                let data = json!({"id": self.id, "deleted": true});
                Outcome::new(format!("export {} is deleted", self.id), data)
            }
        })
    }
}
