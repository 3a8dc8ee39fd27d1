//! `sluice import-calls`: one request in place of many calls of an older API.

use std::path::PathBuf;

use export::wire::DatasetList;
use serde_json::{Value, json};

use super::outcome::{Failure, Outcome};
use super::request_source::{read_json, read_text};
use super::session::Session;
use super::terminal;
use crate::text::{count, one_line};

mod dates;
mod placed;
mod proposal;
pub(super) mod source;

use placed::place;
use proposal::Proposal;

/// Maximum number of calls listed one by one; all are in JSON.
const MAX_SHOWN: usize = 50;

const EXAMPLES: &str = "Examples:
  sluice import-calls urls.txt > request.json && sluice plan --request request.json
  grep -o 'GET /v1/[^ ]*' access.log | sluice import-calls -
  sluice import-calls session.har --json | jq .unplaced
  sluice datasets --json > datasets.json && sluice import-calls nightly.sh --datasets datasets.json

A segment of the path names the dataset (orders, order-lines, Order). Parameters such as from, since, start_date, to,
until, end_date, date, month and year become the range; parameters that are filters of the dataset become filters.
Shell scripts are read as a shell and curl read them: quotes, continued lines, several commands on a line, variables and
for loops with literal values, -G with -d and --data-urlencode. Values that only the script computes are left out.";

/// Propose the one export that replaces calls of another API
///
/// Reads URLs, scripts with curl commands, lines of an access log, or a HAR file, and prints the request as JSON. What could not
/// be placed is reported on stderr with the reason. Nothing is sent to the URLs. Exit code 1 if a call could not be
/// placed.
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice import-calls [OPTIONS] <FILE>", after_help = EXAMPLES)]
pub(super) struct ImportCalls {
    /// File with the calls; - reads stdin
    #[arg(value_name = "FILE")]
    calls: PathBuf,
    /// Use the datasets in this file, the output of `sluice datasets --json`, instead of connecting to the API
    #[arg(long, value_name = "FILE")]
    datasets: Option<PathBuf>,
}

impl ImportCalls {
    pub(super) async fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let text = read_text("FILE", &self.calls)?;
        let list = match &self.datasets {
            Some(path) => {
                let name = path.display();
                serde_json::from_value(read_json("--datasets", path)?).map_err(|error| {
                    Failure::Usage(format!(
                        "--datasets: {name} is not a list of datasets: {error}; write it with: sluice datasets --json"
                    ))
                })?
            }
            None => session.client()?.datasets().await?,
        };
        propose(&text, &list)
    }
}

fn propose(text: &str, list: &DatasetList) -> Result<Outcome, Failure> {
    let calls = source::read(text).map_err(|error| Failure::Usage(format!("FILE: {error}")))?;
    let (mut proposal, mut unplaced) = (Proposal::default(), Vec::new());
    let total = calls.len();
    for call in calls {
        match call.url.and_then(|url| place(&url, list)) {
            Ok(mut placed) => {
                placed.unused.extend(call.notes);
                proposal.add(placed);
            }
            Err(reason) => unplaced.push((call.text, reason)),
        }
    }
    if total == 0 {
        return Err(Failure::Usage("FILE: it has no calls; give URLs, curl commands or a HAR file".into()));
    }
    let unplaced_json: Vec<_> =
        unplaced.iter().map(|(call, reason)| json!({"call": call, "reason": reason})).collect();
    let Some(request) = proposal.request(list) else {
        report(&unplaced, &[]);
        let hint = "`sluice datasets` lists the datasets that a path can name";
        return Err(Failure::Usage(format!(
            "FILE: none of its {} could be placed",
            count(total as u64, "call")
        ))
        .hint(hint));
    };
    let notes = proposal.notes(list);
    report(&unplaced, &notes);
    let placed = total - unplaced.len();
    terminal::note(&format!(
        "{} of {} placed in one request for {}",
        placed,
        count(total as u64, "call"),
        count(proposal.datasets() as u64, "dataset")
    ));
    let data = json!({
        "request": request, "calls": total, "placed": placed, "unplaced": unplaced_json, "notes": notes,
    });
    Ok(Outcome::new(pretty(&request), data).failed_if(!unplaced.is_empty()))
}

fn pretty(request: &Value) -> String {
    format!("{request:#}")
}

fn report(unplaced: &[(String, String)], notes: &[String]) {
    for (call, reason) in unplaced.iter().take(MAX_SHOWN) {
        terminal::note(&format!("not placed: {}: {}", one_line(call), one_line(reason)));
    }
    if unplaced.len() > MAX_SHOWN {
        terminal::note(&format!(
            "and {} more calls not placed; --json lists all",
            unplaced.len() - MAX_SHOWN
        ));
    }
    notes.iter().for_each(|note| terminal::note(&format!("note: {}", one_line(note))));
}

#[cfg(test)]
mod tests;
