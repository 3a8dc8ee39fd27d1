//! `sluice verify`: verifies a directory of files offline.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use export::manifest::Manifest;
use serde_json::json;

use super::outcome::{Failure, Outcome};
use super::progress::{ProgressOutput, View};
use crate::Error;
use crate::text::{bytes, count, one_line, shell_word};
use crate::verify::{Verification, read_manifest, verify};

const EXAMPLES: &str = "Examples:
  sluice verify data
  sluice verify exports/ID --json | jq .faults";

/// Verify files against their manifest, without a network
///
/// Checks that every file is present with its length and SHA-256, counts its rows again, and checks that the ranges
/// leave no gap. Exit code 1 if anything differs.
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice verify [OPTIONS] <DIR>", after_help = EXAMPLES)]
pub(super) struct Verify {
    /// Directory with manifest.json and the files
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Verify {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let total = manifest(&self.directory)?.bytes;
        let progress = ProgressOutput::new(total);
        let at = AtomicU64::new(0);
        let seen = |n: u64| {
            let at = at.fetch_add(n, Ordering::Relaxed) + n;
            progress.show(at, || View {
                summary: format!("{} of {} checked", bytes(at), bytes(total)),
                details: Vec::new(),
                data: json!({"event": "verifying", "bytes": at, "totalBytes": total}),
            });
        };
        let report = verify(&self.directory, &seen)?;
        let failed = !report.faults.is_empty();
        Ok(Outcome::new(text(&report, &self.directory), &report).failed_if(failed))
    }
}

/// Reads the manifest of a downloaded export.
pub(super) fn manifest(directory: &Path) -> Result<Manifest, Failure> {
    match read_manifest(directory) {
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Err(Failure::Usage(format!(
                "{} has no manifest.json: it is not the directory of a download, or the download is incomplete; \
             complete it with: sluice download ID --out DIR",
                directory.display()
            )))
        }
        other => Ok(other?),
    }
}

fn text(report: &Verification, directory: &Path) -> String {
    let what = [
        count(report.datasets as u64, "dataset"),
        count(report.files as u64, "file"),
        count(report.rows, "row"),
        bytes(report.bytes),
    ]
    .join(", ");
    if report.faults.is_empty() {
        let mut lines = vec![format!("export {} is complete and correct: {what}", report.export)];
        lines.extend((report.unchanged > 0).then(|| {
            let files = count(report.unchanged as u64, "file");
            format!("unchanged since an earlier export: {files}")
        }));
        lines.extend(report.as_of.iter().map(|at| format!("all files show one instant: {}", one_line(at))));
        lines.extend(report.samples.iter().map(|(name, limit)| {
            format!("{} is a sample of at most {}", one_line(name), count(*limit, "row"))
        }));
        return lines.join("\n");
    }
    let mut lines: Vec<_> =
        report.faults.iter().map(|f| format!("{}: {}", one_line(&f.subject), one_line(&f.message))).collect();
    lines.push(format!(
        "export {} does NOT match its manifest: {}; fetch the missing and differing files again with: sluice download {} --out {}",
        report.export,
        count(lines.len() as u64, "fault"),
        report.export,
        shell_word(directory),
    ));
    lines.join("\n")
}
