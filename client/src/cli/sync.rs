//! `sluice sync`: keeps a directory equal to the datasets, by one export after the other.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use export::state::ExportStatus;
use export::wire;
use serde_json::{Value, json};

use super::export::submit;
use super::fetch::{Destination, Loaded};
use super::outcome::{Failure, Outcome};
use super::request_source::RequestSource;
use super::submission::Submission;
use super::{show, terminal, wait};
use crate::synced::{Changes, STATE_NAME, Synced};
use crate::text::{bytes, count, shell_word};
use crate::{Client, Reuse};

const USAGE: &str = "sluice sync [OPTIONS] --out <DIR> <DATASET>...
       sluice sync [OPTIONS] --out <DIR> --request <FILE>";

const EXAMPLES: &str = "Examples:
  sluice sync '*' --from 2024-01-01 --out data
  sluice sync orders clients --format parquet --layout hive --out lake --full-every 30d
  sluice sync orders --from 2024-01-01 --out data --json | jq .changes

Run it again, for example each hour: the database reads what has changed since the last run, and only files that changed
are downloaded. The directory always holds one complete export with its manifest.";

/// Keep a directory equal to datasets: read and download only what has changed
///
/// Exports the datasets, downloads the files that differ into a directory beside, and puts that in place of the one
/// before in one step. The directory must hold nothing else.
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE, after_help = EXAMPLES)]
pub(super) struct Sync {
    #[command(flatten)]
    source: RequestSource,
    /// Directory that is kept; created by the first run
    #[arg(long, value_name = "DIR", help_heading = "Files")]
    out: PathBuf,
    /// Read everything again, without a check, if that was last done so long ago, such as 30d [default: never]
    #[arg(long, value_name = "TIME", value_parser = age, help_heading = "Request")]
    full_every: Option<u64>,
    /// Number of files to download in parallel
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64), help_heading = "Files")]
    parallel: u8,
}

fn age(text: &str) -> Result<u64, String> {
    export::duration::seconds(text).ok_or_else(|| "use a number and a unit, such as 12h or 30d".to_owned())
}

impl Sync {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let request = self.source.read(client).await?;
        if self.out.file_name().is_none() {
            return Err(Failure::Usage(format!(
                "--out: {} cannot be replaced as a whole; name a directory inside of it",
                self.out.display()
            )));
        }
        let synced = Synced::open(&self.out)?;
        let full = self.full_every.is_some_and(|secs| is_older(last_full(&self.out), secs));
        let reuse = if full { Reuse::Never } else { self.source.reuse() };
        let client = &client.clone().with_reuse(reuse);
        let mut submission = Submission::begin(client, Some(synced.next()), &request, reuse, None)?;
        let export = match submission.earlier(client).await? {
            Some(export) => {
                terminal::note(&format!("going on with export {} of an earlier run", export.id));
                export
            }
            None => {
                synced.discard_next()?;
                submission.renew()?;
                let explain = |error| self.source.explain(error, &request);
                let export = submit(client, &request, &mut submission, explain).await?.export;
                terminal::note(&format!("export {} accepted", export.id));
                export
            }
        };
        let id = export.id;
        let export = wait::or_cancel(client, id, wait::until_ended(client, export)).await?;
        if export.status != ExportStatus::Succeeded {
            synced.discard_next()?;
            let text = format!("{}\n{} is as it was", show::export(&export, None), shell_word(&self.out));
            return Ok(Outcome::new(text, json!({ "export": export })).failed_if(true));
        }
        let (manifest, _) = client.manifest_text(id).await?;
        let changes = synced.keep(&manifest)?;
        let target = Destination::into(synced.next().to_owned(), self.parallel);
        let load = async { target.load_all(&wait::patient(client), id).await };
        let loaded = wait::unless_interrupted(load).await?;
        if !loaded.complete {
            let text = loaded.failures.iter().map(|failure| format!("not downloaded: {failure}"));
            let text: Vec<_> = text
                .chain([format!("{} is as it was; run the same command again", shell_word(&self.out))])
                .collect();
            return Ok(
                Outcome::new(text.join("\n"), json!({"export": export, "download": loaded})).failed_if(true)
            );
        }
        let full_at = last_full(&self.out).filter(|_| reuse != Reuse::Never).unwrap_or_else(now);
        note_full(synced.next(), full_at)?;
        synced.replace()?;
        Ok(outcome(&export, &loaded, changes, &self.out))
    }
}

fn outcome(export: &wire::Export, loaded: &Loaded, changes: Changes, out: &Path) -> Outcome {
    let directory = shell_word(out);
    let Changes { new, replaced, unchanged, removed } = changes;
    let what = if new + replaced + removed == 0 {
        "nothing new".to_owned()
    } else {
        format!("{} new, {replaced} replaced, {removed} removed", count(new as u64, "file"))
    };
    let text = format!(
        "{directory}: {what}, {unchanged} unchanged; {}, {}, {}",
        count(loaded.datasets as u64, "dataset"),
        count(loaded.rows, "row"),
        bytes(loaded.bytes)
    );
    Outcome::new(
        text,
        json!({"export": export, "directory": out, "changes": changes, "rows": loaded.rows, "bytes": loaded.bytes}),
    )
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Returns the time at which everything was last read, in seconds since 1970.
fn last_full(directory: &Path) -> Option<u64> {
    let text = std::fs::read(directory.join(STATE_NAME)).ok()?;
    serde_json::from_slice::<Value>(&text).ok()?["fullAt"].as_u64()
}

fn is_older(at: Option<u64>, secs: u64) -> bool {
    at.is_some_and(|at| at.saturating_add(secs) <= now())
}

fn note_full(directory: &Path, at: u64) -> Result<(), Failure> {
    let path = directory.join(STATE_NAME);
    std::fs::write(&path, json!({ "fullAt": at }).to_string())
        .map_err(|error| Failure::Local(format!("{} cannot be written: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_read_again_after_the_given_time() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(last_full(folder.path()), None);
        note_full(folder.path(), now() - 100).unwrap();
        assert!(is_older(last_full(folder.path()), 90) && !is_older(last_full(folder.path()), 200));
        assert!(!is_older(None, 1), "the first run reads everything that is not reused");
    }
}
