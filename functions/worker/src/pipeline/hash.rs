//! Hash thread: hashes the stored bytes in parallel with the upload.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

/// Hashes all parts; returns `None` if there were none.
pub(super) fn run(mut parts: mpsc::Receiver<Bytes>) -> Option<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut any = false;
    while let Some(part) = parts.blocking_recv() {
        hash.update(&part);
        any = true;
    }
    any.then(|| hash.finalize().into())
}
