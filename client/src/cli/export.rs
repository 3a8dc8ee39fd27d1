//! `sluice export`: submits, waits, downloads.

use std::time::Instant;

use export::state::ExportStatus;
use export::wire;
use serde_json::json;

use super::fetch::{Destination, Loaded};
use super::outcome::{Failure, Outcome};
use super::request_source::RequestSource;
use super::{plan, show, wait};
use crate::Client;
use crate::text::{bytes, count, duration};

/// Export datasets to files: submit, wait, download, verify
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "sluice export [OPTIONS] <DATASET>...\n       sluice export [OPTIONS] --request <FILE>"
)]
pub(super) struct Export {
    #[command(flatten)]
    source: RequestSource,
    /// Only show what the export would do, as `sluice plan` does
    #[arg(long)]
    dry_run: bool,
    /// Return as soon as the export is accepted
    #[arg(long)]
    no_wait: bool,
    /// Wait for the end, but do not download files
    #[arg(long)]
    no_download: bool,
    #[command(flatten)]
    target: Destination,
}

impl Export {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let request = self.source.read()?;
        let client = &self.source.client(client);
        if self.dry_run {
            let plan = client.plan(&request).await.map_err(|error| self.source.explain(error))?;
            return Ok(Outcome::new(plan::text(&plan), plan));
        }
        if !self.no_wait && !self.no_download {
            // Checked now rather than after an hour of work.
            self.target.check(None)?;
        }
        let began = Instant::now();
        let submitted = client.submit(&request, &random_key()?).await;
        let export = submitted.map_err(|error| self.source.explain(error))?.export;
        let id = export.id;
        eprintln!("export {id} accepted");
        if self.no_wait {
            eprintln!("follow it with: sluice status {id} --watch; download it with: sluice download {id}");
            return Ok(Outcome::new(id.to_string(), json!({ "export": export })));
        }
        let work = async {
            let export = wait::until_ended(client, export).await?;
            if export.status != ExportStatus::Succeeded || self.no_download {
                let failed = export.status != ExportStatus::Succeeded;
                return Ok(Outcome::new(show::export(&export), json!({ "export": export })).failed_if(failed));
            }
            let loaded = self.target.load_all(&wait::patient(client), id).await?;
            Ok(outcome(export, loaded, Some(began)))
        };
        let result = wait::unless_interrupted(work).await;
        result.map_err(|failure| failure.hint(self.target.resume_hint(id)))
    }
}

/// Returns the outcome of `export` and `download`.
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
        lines.push(format!(
            "{} already present, with the correct SHA-256",
            count(loaded.present as u64, "file")
        ));
    }
    if loaded.complete {
        lines.push(format!(
            "all files are in {directory}; verify them at any time with: sluice verify {directory}"
        ));
    } else {
        lines.extend(show::errors(&export));
        lines.extend(loaded.failures.iter().map(|failure| format!("not downloaded: {failure}")));
        lines.push(format!("{directory} is incomplete and has no manifest{}", resume(&export, &loaded)));
    }
    let failed = !loaded.complete;
    Outcome::new(lines.join("\n"), json!({"export": export, "download": loaded})).failed_if(failed)
}

/// Formats the command that downloads the missing files; empty if all files of the export are present.
fn resume(export: &wire::Export, loaded: &Loaded) -> String {
    if loaded.failures.is_empty() {
        return String::new();
    }
    let (id, directory) = (export.id, loaded.directory.display());
    let partial = if export.status == ExportStatus::Succeeded { "" } else { " --partial" };
    format!("; resume with: sluice download {id} --out {directory}{partial}")
}

fn random_key() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::Local(format!("cannot generate a random key: {error}")))?;
    Ok(export::id::hex(&bytes))
}
