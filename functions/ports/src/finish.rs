//! Finish of an export whose chunks have all ended: puts the manifest, then marks the export succeeded.

use bytes::Bytes;
use export::chunk::export_prefix;
use export::id::{ExportId, hex};
use export::manifest::{MANIFEST_VERSION, Manifest, ManifestDataset, rfc3339};
use sha2::{Digest, Sha256};

use crate::fault::Point;
use crate::objects::{Meta, Objects, ObjectsError};
use crate::store::{Finish, Finished, Store, StoreError};

/// An export could not be finished now; it is unchanged, and the sweeper tries again.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The store failed.
    #[error("finishing in the store failed")]
    Store(#[from] StoreError),
    /// The manifest could not be put.
    #[error("putting the manifest failed")]
    Objects(#[from] ObjectsError),
    /// The chunks do not cover the ranges of the export.
    #[error("the manifest was refused")]
    NotTiled(#[from] export::manifest::NotTiled),
    /// The manifest could not be written as JSON.
    #[error("writing the manifest failed")]
    Json(#[from] serde_json::Error),
}

/// Finishes `export` if none of its chunks is due, sent or running; otherwise does nothing.
///
/// Idempotent, and safe from any number of processes: the manifest's key is its hash, and only one process marks the
/// export succeeded. The other processes delete nothing.
///
/// # Errors
/// If the store or the bucket cannot be reached; the export is then unchanged.
pub async fn run(store: &Store, objects: &dyn Objects, export: ExportId) -> Result<(), FinishError> {
    let finished = match store.finish(export).await? {
        Finish::NotYet | Finish::Failed => return Ok(()),
        Finish::AllDone(finished) => finished,
    };
    let (chunks, edition) = (finished.chunks.len(), finished.edition);
    let prefix = export_prefix(&finished.tenant, export);
    let manifest = serde_json::to_vec_pretty(&assemble(export, *finished)?)?;
    let key = format!("{prefix}{}.json", hex(&Sha256::digest(&manifest)));
    let meta = Meta {
        content_type: "application/json".into(),
        download_name: Some(format!("{export}.manifest.json")),
        immutable: false,
    };
    objects.put(&key, Bytes::from(manifest), &meta).await?;
    store.crash(Point::ManifestPut);
    if store.flip(export, &key, edition).await? {
        tracing::info!(%export, chunks, "export succeeded");
    } else {
        store.litter_manifest(&key).await?;
    }
    Ok(())
}

fn assemble(export: ExportId, finished: Finished) -> Result<Manifest, export::manifest::NotTiled> {
    let mut chunks = finished.chunks;
    let mut datasets = Vec::with_capacity(finished.heads.len());
    for head in finished.heads {
        let (mine, rest) = chunks.into_iter().partition(|c| c.dataset == head.name);
        chunks = rest;
        datasets.push(ManifestDataset::assemble(head, &finished.tenant, mine)?);
    }
    Ok(Manifest {
        version: MANIFEST_VERSION,
        export,
        tenant: finished.tenant,
        revision: finished.revision,
        accepted_at: rfc3339(finished.accepted_micros),
        request: finished.request,
        rows: datasets.iter().map(|d| d.rows).sum(),
        bytes: datasets.iter().map(|d| d.bytes).sum(),
        source: Some(datasets.iter().filter_map(|d| d.source).sum()),
        datasets,
    })
}
