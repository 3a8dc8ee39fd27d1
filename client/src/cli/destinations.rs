//! `sluice destinations`: the buckets to which files can be copied.

use super::outcome::{Failure, Outcome};
use crate::Client;
use crate::text::table;

const EXAMPLES: &str = "Examples:
  sluice destinations
  sluice export '*' --from 2024-01-01 --destination acme-lake";

/// List the destinations to which the files of an export can be copied
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice destinations [OPTIONS]", after_help = EXAMPLES)]
pub(super) struct Destinations {}

impl Destinations {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let list = client.destinations().await?;
        if list.destinations.is_empty() {
            let text = "no destination; the operator defines them: sluice admin destinations apply FILE";
            return Ok(Outcome::new(text, list));
        }
        let rows: Vec<_> = list
            .destinations
            .iter()
            .map(|one| vec![one.name.clone(), one.location.clone(), one.layout.as_str().to_owned()])
            .collect();
        Ok(Outcome::new(table(&["name", "location", "layout"], &rows), list))
    }
}
