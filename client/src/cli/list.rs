//! `sluice list`: the exports of the caller.

use export::state::ExportStatus;
use export::wire::{Export, ExportList};
use indicatif::HumanCount;

use super::flags;
use super::outcome::{Failure, Outcome};
use super::request::label;
use super::show::{exported, labels};
use crate::text::{bytes, one_line, table};
use crate::{Client, Error, ExportFilter};

const EXAMPLES: &str = "Examples:
  sluice list
  sluice list --status failed --all
  sluice list --dataset orders --after 2024-05-01 --before 2024-06-01
  sluice list --label 'orders of January' --labels team=finance
  sluice list --json | jq -r '.exports[0].id'";

/// List exports, newest first
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice list [OPTIONS]", after_help = EXAMPLES)]
pub(super) struct List {
    /// Only exports with this status: queued, running, succeeded, failed, canceled, expired
    #[arg(long)]
    status: Option<ExportStatus>,
    /// Only exports of this dataset
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Only exports with this label
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Only exports whose label contains this text, in upper or lower case
    #[arg(long, value_name = "TEXT")]
    label_contains: Option<String>,
    /// Only exports with these labels: key=value, several separated by commas
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = label)]
    labels: Vec<(String, String)>,
    /// Only exports accepted at this time or later: a day of UTC, or an instant (RFC 3339)
    #[arg(long, value_name = "TIME")]
    after: Option<String>,
    /// Only exports accepted before this time
    #[arg(long, value_name = "TIME")]
    before: Option<String>,
    /// List all exports, not only the first page
    #[arg(long)]
    all: bool,
}

impl List {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let filter = ExportFilter {
            status: self.status,
            dataset: self.dataset,
            label: self.label,
            label_contains: self.label_contains,
            labels: self.labels.into_iter().collect(),
            accepted_from: self.after,
            accepted_before: self.before,
        };
        let mut list = client.exports(&filter, None).await.map_err(refused)?;
        while let Some(cursor) = list.next_cursor.take_if(|_| self.all) {
            let page = client.exports(&filter, Some(&cursor)).await?;
            list.exports.extend(page.exports);
            list.next_cursor = page.next_cursor;
        }
        if let (true, Some(dataset)) = (list.exports.is_empty(), &filter.dataset) {
            let text =
                format!("no exports of {}; the datasets are listed by: sluice datasets", one_line(dataset));
            return Ok(Outcome::new(text, list));
        }
        Ok(Outcome::new(text(&list), list))
    }
}

/// Names the flags in an error response to the parameters.
fn refused(error: Error) -> Failure {
    match error {
        Error::Problem(problem) if problem.status == 400 => {
            let text = flags::in_words(&problem, &[]);
            Failure::Refused { problem, text }
        }
        other => other.into(),
    }
}

fn text(list: &ExportList) -> String {
    if list.exports.is_empty() {
        return "no exports".to_owned();
    }
    let has_labels = list.exports.iter().any(|export| !labels(export).is_empty());
    let row = |export: &Export| {
        let progress = &export.progress;
        let mut cells = vec![
            export.id.to_string(),
            export.status.to_string(),
            seconds(&export.accepted_at),
            format!("{:.0} %", exported(export).floor()),
            HumanCount(progress.rows).to_string(),
            bytes(progress.bytes),
        ];
        cells.extend(has_labels.then(|| labels(export)));
        cells
    };
    let rows: Vec<_> = list.exports.iter().map(row).collect();
    let heads = ["export", "status", "accepted", ">done", ">rows", ">bytes", "label"];
    let table = table(&heads[..heads.len() - usize::from(!has_labels)], &rows);
    if list.next_cursor.is_some() { format!("{table}\nthere are more; list them with --all") } else { table }
}

/// Returns a time without its fraction, whose number of digits varies between lines. `--json` shows all digits.
fn seconds(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => time.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn export(request: serde_json::Value) -> Export {
        let json = json!({
            "id": export::id::ExportId::from_random([7; 16]), "status": "running", "acceptedAt": "2024-01-01T00:00:00.5Z",
            "deadlineAt": "2024-01-02T00:00:00Z", "request": request, "revision": "r",
            "progress": {"chunks": {"done": 1, "failed": 0, "reused": 0, "total": 2}, "rows": 5, "bytes": 1024, "percent": 50.0},
            "links": {"self": "x", "files": "f", "chunks": "c"},
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn labels_are_a_column_if_there_are_any() {
        let plain = export(json!({"datasets": "*"}));
        let labeled =
            export(json!({"datasets": "*", "label": "nightly", "labels": {"env": "x", "team": "y"}}));
        let list = |exports: Vec<Export>| text(&ExportList { exports, next_cursor: None, next: None });
        assert!(!list(vec![plain.clone()]).contains("label"));
        let lines = list(vec![plain, labeled]);
        assert!(lines.lines().next().unwrap().ends_with("  label"), "{lines}");
        assert!(
            lines.ends_with("2024-01-01T00:00:00Z  50 %     5  1.00 KiB  nightly, env=x, team=y"),
            "{lines}"
        );
    }
}
