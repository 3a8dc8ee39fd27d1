//! `sluice export`: submits, waits, downloads.

use std::path::PathBuf;
use std::time::Instant;

use export::state::ExportStatus;
use export::wire;
use serde_json::json;

use super::fetch::{Destination, Loaded};
use super::outcome::{Failure, Outcome};
use super::plan_file::PlanFile;
use super::request_source::RequestSource;
use super::{plan, show, terminal, wait};
use crate::Client;
use crate::text::{bytes, count, duration};

const USAGE: &str = "sluice export [OPTIONS] <DATASET>...
       sluice export [OPTIONS] --request <FILE>
       sluice export [OPTIONS] --plan <FILE>";

const EXAMPLES: &str = "Examples:
  sluice export '*' --from 2023-08-31 --to 2024-08-04 --out data
  sluice export orders --columns id,country,total --filter 'total>=10' --filter country=NL --filter country=DE
  sluice export orders --from 2024-01-01 --single --limit-rate 10M --out data
  sluice export --request request.json --reuse none
  id=$(sluice export orders --no-wait)
  sluice export '*' --progress json 2> progress.ndjson

Ctrl-C asks on a terminal whether to cancel the export; elsewhere it is left running.";

/// Export datasets to files: submit, wait, download, verify
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE, after_help = EXAMPLES)]
pub(super) struct Export {
    #[command(flatten)]
    source: RequestSource,
    /// Run the plan in this file, which `sluice plan --out` wrote; refused if the catalog has changed since
    #[arg(long, value_name = "FILE", help_heading = "Request", conflicts_with_all = [
        "request", "datasets", "from", "to", "time_zone", "columns", "filter", "sample", "layout", "format", "compression", "delimiter",
        "null", "no_header", "formula_guard", "reuse",
    ])]
    plan: Option<PathBuf>,
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
        let plan = self.plan.as_deref().map(PlanFile::read).transpose()?;
        let (request, reuse) = match &plan {
            Some(plan) => (plan.request.clone(), plan.reuse),
            None => (self.source.read()?, self.source.reuse()),
        };
        let client = &client.clone().with_reuse(reuse);
        let explain = |error| if plan.is_some() { Failure::from(error) } else { self.source.explain(error) };
        self.target.check_format(&request)?;
        if let Some(plan) = &plan {
            plan.check(client).await?;
        }
        if self.dry_run {
            let plan = client.plan(&request).await.map_err(explain)?;
            return Ok(Outcome::new(plan::text(&plan), plan));
        }
        if !self.no_wait && !self.no_download {
            // Checked now rather than after an hour of work.
            self.target.check(None)?;
        }
        let began = Instant::now();
        let key = random_key()?;
        let submit = async { client.submit(&request, &key).await.map_err(explain) };
        let submitted = wait::unless_interrupted(submit).await.map_err(|failure| match failure {
            Failure::Interrupted => failure.hint("the export may have been accepted; look with: sluice list"),
            other => other,
        });
        let export = submitted?.export;
        let id = export.id;
        if let Some(plan) = &plan {
            plan.confirm(client, &export).await?;
        }
        terminal::note(&format!("export {id} accepted"));
        if self.no_wait {
            terminal::note(&format!(
                "follow it with: sluice status {id} --watch; download it with: sluice download {id}"
            ));
            return Ok(Outcome::new(id.to_string(), json!({ "export": export })));
        }
        let ended = wait::or_cancel(client, id, wait::until_ended(client, export)).await;
        let hint = |failure: Failure| match failure {
            Failure::Canceled(_) => failure,
            other => other.hint(self.target.resume_hint(id)),
        };
        let export = ended.map_err(hint)?;
        if export.status != ExportStatus::Succeeded || self.no_download {
            let failed = export.status != ExportStatus::Succeeded;
            return Ok(Outcome::new(show::export(&export), json!({ "export": export })).failed_if(failed));
        }
        let load = async { self.target.load_all(&wait::patient(client), id).await };
        let loaded = wait::unless_interrupted(load).await.map_err(hint)?;
        Ok(outcome(export, loaded, Some(began)))
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
        lines.push(format!(
            "query them with DuckDB: sluice sql {directory} > views.sql && duckdb -init views.sql"
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

pub(super) fn random_key() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::Local(format!("cannot generate a random key: {error}")))?;
    Ok(export::id::hex(&bytes))
}
