//! The submission of an export into a folder: a run that was killed left it there, and the next run with the same
//! request goes on with the same export.

use std::path::{Path, PathBuf};

use export::id::{ExportId, hex};
use export::state::ExportStatus;
use export::wire;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::export::random_key;
use super::outcome::Failure;
use super::terminal;
use crate::{Client, Reuse};

/// Name of the file, which is removed when the download is complete.
const NAME: &str = ".sluice-export";

/// Request that was sent, or is about to be.
#[derive(Debug)]
pub(super) struct Submission {
    /// File; `None` if the folder is not known before the export.
    path: Option<PathBuf>,
    note: Note,
    /// True if this run created the folder.
    created: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    /// SHA-256 of the address, the request and its reuse.
    request_sha256: String,
    idempotency_key: String,
    /// The accepted export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    export: Option<ExportId>,
}

impl Submission {
    /// Returns the submission of an earlier run into this folder, if it had the same request and key, or begins one.
    pub(super) fn begin(
        client: &Client,
        directory: Option<&Path>,
        request: &Value,
        reuse: Reuse,
        key: Option<&str>,
    ) -> Result<Self, Failure> {
        let text = json!([client.address(), request, reuse]).to_string();
        let request_sha256 = hex(&Sha256::digest(text));
        let path = directory.map(|directory| directory.join(NAME));
        let is_same = |note: &Note| {
            note.request_sha256 == request_sha256 && key.is_none_or(|key| key == note.idempotency_key)
        };
        if let Some(note) = path.as_deref().and_then(read).filter(is_same) {
            return Ok(Self { path, note, created: false });
        }
        let idempotency_key = key.map_or_else(random_key, |key| Ok(key.to_owned()))?;
        Ok(Self { path, note: Note { request_sha256, idempotency_key, export: None }, created: false })
    }

    /// Returns the key under which the request is sent.
    pub(super) fn key(&self) -> &str {
        &self.note.idempotency_key
    }

    /// Returns the export that an earlier run submitted.
    pub(super) fn export(&self) -> Option<ExportId> {
        self.note.export
    }

    /// Returns the export of an earlier run with this request and folder, unless it has ended without files.
    pub(super) async fn earlier(&mut self, client: &Client) -> Result<Option<wire::Export>, Failure> {
        let Some(id) = self.export() else { return Ok(None) };
        match client.export(id).await {
            Ok(export) if export.status.is_live() || export.status == ExportStatus::Succeeded => {
                Ok(Some(export))
            }
            Ok(export) => {
                terminal::note(&format!(
                    "export {id} of an earlier run is {}; exporting again",
                    export.status
                ));
                self.renew()?;
                Ok(None)
            }
            Err(error) if error.status() == Some(404) => {
                self.renew()?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Begins again, with another key: the earlier export is of no use.
    pub(super) fn renew(&mut self) -> Result<(), Failure> {
        self.note.idempotency_key = random_key()?;
        self.note.export = None;
        Ok(())
    }

    /// Writes the key, before the request is sent: if this run is killed, the next one finds the same export.
    pub(super) fn write(&mut self) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        let failed =
            |error: std::io::Error| Failure::Local(format!("{} cannot be written: {error}", path.display()));
        if let Some(directory) = path.parent() {
            self.created |= !directory.as_os_str().is_empty() && !directory.exists();
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        let part = path.with_extension("part");
        let text = serde_json::to_vec(&self.note).map_err(|error| Failure::Local(error.to_string()))?;
        std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, path)).map_err(failed)
    }

    /// Notes the accepted export.
    pub(super) fn accepted(&mut self, export: ExportId) -> Result<(), Failure> {
        self.note.export = Some(export);
        self.write()
    }

    /// Removes the file: the export has no files to download, so the next run shall begin another one.
    pub(super) fn discard(&self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
            if let Some(directory) = path.parent().filter(|_| self.created) {
                let _ = std::fs::remove_dir(directory);
            }
        }
    }
}

/// Removes the submission from a directory whose files are complete.
pub(super) fn remove(directory: &Path) {
    let _ = std::fs::remove_file(directory.join(NAME));
}

/// Reads a file; `None` if there is none, or not one that this program wrote.
fn read(path: &Path) -> Option<Note> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_request_into_the_same_folder_has_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let client = Client::new("http://127.0.0.1:9", None).unwrap();
        let begin = |request: &str, reuse, key: Option<&str>| {
            Submission::begin(&client, Some(&folder.path().join("out")), &json!(request), reuse, key).unwrap()
        };
        let mut first = begin("a", Reuse::Settled, None);
        assert_eq!(first.export(), None);
        first.write().unwrap();
        assert_eq!(begin("a", Reuse::Settled, None).key(), first.key());
        let id = ExportId::from_random([7; 16]);
        first.accepted(id).unwrap();
        assert_eq!(begin("a", Reuse::Settled, Some(first.key())).export(), Some(id));
        for other in [
            begin("b", Reuse::Settled, None),
            begin("a", Reuse::Never, None),
            begin("a", Reuse::Settled, Some("k")),
        ] {
            assert_eq!(other.export(), None);
            assert_ne!(other.key(), first.key());
        }
        first.discard();
        assert!(!folder.path().join("out").exists());
    }

    #[test]
    fn folder_that_is_not_known_has_no_submission() {
        let client = Client::new("http://127.0.0.1:9", None).unwrap();
        let mut one = Submission::begin(&client, None, &json!("a"), Reuse::Settled, None).unwrap();
        one.write().unwrap();
        one.accepted(ExportId::from_random([7; 16])).unwrap();
        one.discard();
    }
}
