//! `sluice datasets`: datasets that can be exported.

use export::wire::Dataset;
use indicatif::HumanCount;

use super::outcome::{Failure, Outcome};
use crate::Client;
use crate::text::{bytes, duration, table};

const EXAMPLES: &str = "Examples:
  sluice datasets
  sluice datasets orders
  sluice datasets --json | jq -r '.datasets[].name'";

/// List the datasets that can be exported, or describe one
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice datasets [OPTIONS] [NAME]", after_help = EXAMPLES)]
pub(super) struct Datasets {
    /// Name of the dataset
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

impl Datasets {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        match self.name {
            Some(name) => {
                let dataset = client.dataset(&name).await?;
                Ok(Outcome::new(one(&dataset), dataset))
            }
            None => {
                let list = client.datasets().await?;
                let rows: Vec<_> = list.datasets.iter().map(row).collect();
                let heads = ["dataset", ">columns", ">rows (est.)", ">bytes (est.)", "range"];
                Ok(Outcome::new(table(&heads, &rows), list))
            }
        }
    }
}

fn row(dataset: &Dataset) -> Vec<String> {
    let rows = dataset.estimated_rows.map(|rows| HumanCount(rows).to_string());
    vec![
        dataset.name.clone(),
        dataset.columns.len().to_string(),
        rows.unwrap_or_default(),
        dataset.estimated_bytes.map(bytes).unwrap_or_default(),
        range(dataset),
    ]
}

fn range(dataset: &Dataset) -> String {
    let text = |r: &export::wire::DatasetRange| format!("{} ({})", r.column, r.type_name);
    dataset.range.as_ref().map_or_else(|| "none (exported in full)".to_owned(), text)
}

/// Formats whether chunks that were read before are checked instead of being read again.
fn checked(dataset: &Dataset) -> String {
    match (dataset.revalidates, &dataset.because) {
        (Some(true), _) => "yes: chunks are read again only if something has changed".to_owned(),
        (Some(false), Some(why)) => format!("no: {why}"),
        (Some(false), None) => "no".to_owned(),
        (None, _) => "unknown".to_owned(),
    }
}

fn one(dataset: &Dataset) -> String {
    let filters: Vec<_> = dataset.filters.iter().map(|column| column.name.as_str()).collect();
    let settled = dataset.settle_after_seconds;
    let reuse = settled.map_or("never".to_owned(), |s| format!("rows older than {}", duration(s)));
    let columns: Vec<_> = dataset.columns.iter().map(|c| vec![c.name.clone(), c.type_name.clone()]).collect();
    let about = |what: Option<String>| what.unwrap_or_else(|| "unknown".to_owned());
    [
        format!("dataset  {}", dataset.name),
        format!("rows     {}", about(dataset.estimated_rows.map(|r| format!("about {}", HumanCount(r))))),
        format!("bytes    {}", about(dataset.estimated_bytes.map(|b| format!("about {}", bytes(b))))),
        format!("range    {}", range(dataset)),
        format!("filters  {}", if filters.is_empty() { "none".to_owned() } else { filters.join(", ") }),
        format!("reused   {reuse}"),
        format!("checked  {}", checked(dataset)),
        format!("ordered  {}", if dataset.ordered { "yes" } else { "no" }),
        String::new(),
        table(&["column", "type"], &columns),
    ]
    .join("\n")
}
