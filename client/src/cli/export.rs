//! `sluice export`: submits, waits, downloads.

use std::path::PathBuf;
use std::time::Instant;

use export::destination;
use export::state::ExportStatus;
use export::wire;
use serde_json::{Value, json};

use super::fetch::{Destination, Loaded};
use super::outcome::{Failure, Outcome};
use super::plan_file::PlanFile;
use super::request_source::RequestSource;
use super::submission::Submission;
use super::{delivery, plan, show, terminal, wait};
use crate::text::{bytes, count, duration, shell_word};
use crate::{Client, Submitted};

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

Ctrl-C asks on a terminal whether to cancel the export; elsewhere it is left running. The same command with the same
--out goes on with the same export, also after it was killed.";

/// Export datasets to files: submit, wait, download, verify
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE, after_help = EXAMPLES)]
pub(super) struct Export {
    #[command(flatten)]
    source: RequestSource,
    /// Run the plan in this file, which `sluice plan --out` wrote; refused if the catalog has changed since
    #[arg(long, value_name = "FILE", help_heading = "Request", conflicts_with_all = [
        "request", "datasets", "from", "to", "time_zone", "columns", "filter", "sample", "label", "labels", "layout",
        "format", "compression", "delimiter", "null", "no_header", "formula_guard", "reuse",
    ])]
    plan: Option<PathBuf>,
    /// Key under which the request is sent: repeated with the same key, it returns the same export [default: a random
    /// one, which is kept in --out until the files are complete]
    #[arg(long, value_name = "KEY", value_parser = idempotency_key)]
    idempotency_key: Option<String>,
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
            None => (self.source.read(client).await?, self.source.reuse()),
        };
        let client = &client.clone().with_reuse(reuse);
        let explain = |error| match &plan {
            Some(_) => Failure::from(error),
            None => self.source.explain(error, &request),
        };
        self.target.check_format(&request)?;
        if let Some(plan) = &plan {
            plan.check(client).await?;
        }
        if self.dry_run {
            let plan = client.plan(&request).await.map_err(explain)?;
            return Ok(Outcome::new(plan::text(&plan), plan));
        }
        let delivers = destination::of(&request).is_some();
        let downloads = !self.no_wait && !self.no_download && (!delivers || self.target.out().is_some());
        let directory = self.target.out().filter(|_| downloads);
        let mut submission =
            Submission::begin(client, directory, &request, reuse, self.idempotency_key.as_deref())?;
        let earlier = submission.earlier(client).await?;
        if downloads {
            // Checked now rather than after an hour of work.
            self.target.check(earlier.as_ref().map(|export| export.id))?;
        }
        let began = Instant::now();
        let export = match earlier {
            Some(export) => {
                terminal::note(&format!("going on with export {} of an earlier run", export.id));
                export
            }
            None => {
                let Submitted { export, replayed } =
                    submit(client, &request, &mut submission, explain).await?;
                if let Some(plan) = &plan
                    && let Err(failure) = plan.confirm(client, &export).await
                {
                    submission.discard();
                    return Err(failure);
                }
                // Under a key of its own, a replay only means that a response was lost.
                let note = match replayed && self.idempotency_key.is_some() {
                    true => {
                        format!("export {} exists already under this key: it is {}", export.id, export.status)
                    }
                    false => format!("export {} accepted", export.id),
                };
                terminal::note(&note);
                export
            }
        };
        let id = export.id;
        if self.no_wait {
            terminal::note(&format!(
                "follow it with: sluice status {id} --watch; download it with: sluice download {id}"
            ));
            return Ok(Outcome::new(id.to_string(), json!({ "export": export })));
        }
        let ended =
            Box::pin(async { delivery::until_ended(client, wait::until_ended(client, export).await?).await });
        let ended = wait::or_cancel(client, id, ended).await;
        let hint = |failure: Failure| match failure {
            Failure::Canceled(_) => {
                submission.discard();
                failure
            }
            other => other.hint(self.target.resume_hint(id)),
        };
        let export = ended.map_err(hint)?;
        if export.status != ExportStatus::Succeeded || !downloads {
            let failed = export.status != ExportStatus::Succeeded || delivery::has_failed(&export);
            submission.discard();
            return Ok(Outcome::new(show::export(&export, self.target.out()), json!({ "export": export }))
                .failed_if(failed));
        }
        let load = async { self.target.load_all(&wait::patient(client), id).await };
        let loaded = wait::unless_interrupted(load).await.map_err(hint)?;
        Ok(outcome(export, loaded, Some(began)))
    }
}

/// Parses an idempotency key as the api reads it.
fn idempotency_key(text: &str) -> Result<String, String> {
    let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b));
    fits.then(|| text.to_owned()).ok_or_else(|| "use 1 to 255 printable ASCII characters".to_owned())
}

/// Sends the request, after its key is noted.
pub(super) async fn submit(
    client: &Client,
    request: &Value,
    submission: &mut Submission,
    explain: impl Fn(crate::Error) -> Failure,
) -> Result<Submitted, Failure> {
    submission.write()?;
    let send = async { client.submit(request, submission.key()).await.map_err(explain) };
    match wait::unless_interrupted(send).await {
        Ok(submitted) => {
            submission.accepted(submitted.export.id)?;
            Ok(submitted)
        }
        Err(Failure::Interrupted) => {
            Err(Failure::Interrupted.hint("the export may have been accepted; look with: sluice list"))
        }
        Err(other) => {
            // A refused request has no export.
            if other.code() == 2 {
                submission.discard();
            }
            Err(other)
        }
    }
}

/// Returns the outcome of `export` and `download`.
pub(super) fn outcome(export: wire::Export, loaded: Loaded, began: Option<Instant>) -> Outcome {
    let directory = shell_word(&loaded.directory);
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
    let (id, directory) = (export.id, shell_word(&loaded.directory));
    let partial = if export.status == ExportStatus::Succeeded { "" } else { " --partial" };
    format!("; resume with: sluice download {id} --out {directory}{partial}")
}

pub(super) fn random_key() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::Local(format!("cannot generate a random key: {error}")))?;
    Ok(export::id::hex(&bytes))
}
