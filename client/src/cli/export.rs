//! `sluice export`: submit, wait, load.

use std::io::Read;
use std::path::PathBuf;
use std::time::Instant;

use export::chunk::ExportStatus;
use export::wire;
use serde_json::{Value, json};

use super::fetch::{Loaded, Target};
use super::outcome::{Failure, Outcome};
use super::request::RequestArgs;
use super::{show, wait};
use crate::Client;
use crate::text::{bytes, count, duration, table};

/// Export datasets to files: submit, wait, load, check
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    #[command(flatten)]
    request_args: RequestArgs,
    /// Send this JSON file as the request instead; - reads stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "datasets", "from", "to", "time_zone", "columns", "filter", "format", "compression", "delimiter",
        "null", "no_header", "formula_guard",
    ])]
    request: Option<PathBuf>,
    /// Only show what the export would do
    #[arg(long)]
    dry_run: bool,
    /// Return as soon as the export is accepted
    #[arg(long)]
    no_wait: bool,
    /// Wait for the end, but load no files
    #[arg(long)]
    no_download: bool,
    #[command(flatten)]
    target: Target,
}

impl Export {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let request = self.request()?;
        if self.dry_run {
            let plan = client.plan(&request).await?;
            return Ok(Outcome::new(plan_text(&plan), plan));
        }
        if !self.no_wait && !self.no_download {
            // Said now rather than after an hour of work.
            self.target.check(None)?;
        }
        let began = Instant::now();
        let export = client.submit(&request, &random_key()?).await?.export;
        let id = export.id;
        eprintln!("export {id} is accepted");
        if self.no_wait {
            let text = format!("{id}\nfollow it with: sluice status {id} --watch");
            return Ok(Outcome::new(text, json!({ "export": export })));
        }
        let work = async {
            let export = wait::until_ended(client, export).await?;
            if export.status != ExportStatus::Succeeded || self.no_download {
                let failed = export.status != ExportStatus::Succeeded;
                return Ok(Outcome::new(show::export(&export), json!({ "export": export })).failed_if(failed));
            }
            let loaded = self.target.load_all(client, id).await?;
            Ok(outcome(export, loaded, Some(began)))
        };
        let result = wait::unless_interrupted(work).await;
        result.map_err(|failure| failure.hint(self.target.resume_hint(id)))
    }

    fn request(&self) -> Result<Value, Failure> {
        let Some(path) = &self.request else {
            let request = self.request_args.build().map_err(Failure::Usage)?;
            return serde_json::to_value(request).map_err(|error| Failure::Local(error.to_string()));
        };
        let mut text = String::new();
        let read = if path.as_os_str() == "-" {
            std::io::stdin().read_to_string(&mut text).map(drop)
        } else {
            std::fs::read_to_string(path).map(|read| text = read)
        };
        let name = path.display();
        read.map_err(|error| Failure::Usage(format!("{name} cannot be read: {error}")))?;
        serde_json::from_str(&text).map_err(|error| Failure::Usage(format!("{name} is no JSON: {error}")))
    }
}

/// What `export` and `download` end with.
pub(super) fn outcome(export: wire::Export, loaded: Loaded, began: Option<Instant>) -> Outcome {
    let directory = loaded.directory.display();
    let took = began.map(|at| format!(" in {}", duration(at.elapsed().as_secs()))).unwrap_or_default();
    let mut lines = vec![format!(
        "export {} {}: {}, {}, {}, {}{took}",
        export.id,
        export.status,
        count(loaded.datasets as u64, "dataset"),
        count((loaded.loaded + loaded.present) as u64, "file"),
        count(loaded.rows, "row"),
        bytes(loaded.bytes),
    )];
    if loaded.present > 0 {
        lines.push(format!("{} there already, with the right SHA-256", count(loaded.present as u64, "file")));
    }
    if loaded.complete {
        lines.push(format!("all is in {directory}; check it at any time with: sluice verify {directory}"));
    } else {
        lines.extend(show::errors(&export));
        lines.extend(loaded.failures.iter().map(|failure| format!("not loaded: {failure}")));
        lines.push(format!("{directory} is incomplete, and has no manifest"));
    }
    let failed = !loaded.complete;
    Outcome::new(lines.join("\n"), json!({"export": export, "download": loaded})).failed_if(failed)
}

fn plan_text(plan: &wire::Plan) -> String {
    let cells = |name: &str, counts: &wire::PlanCounts, note: &str| {
        let reused = indicatif::HumanCount(counts.reused_chunks).to_string();
        let rows = indicatif::HumanCount(counts.rows).to_string();
        vec![name.to_owned(), counts.chunks.to_string(), reused, rows, bytes(counts.bytes), note.to_owned()]
    };
    let mut rows: Vec<_> =
        plan.datasets.iter().map(|d| cells(&d.name, &d.counts, d.note.as_deref().unwrap_or(""))).collect();
    rows.push(cells("all", &plan.total, ""));
    table(&["dataset", ">chunks", ">reused", ">rows", ">bytes", "note"], &rows)
}

fn random_key() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Local(format!("no randomness: {error}")))?;
    Ok(export::id::hex(&bytes))
}
