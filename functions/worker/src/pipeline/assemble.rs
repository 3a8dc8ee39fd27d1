//! A thread that puts the blocks in order, hashes them and cuts them into parts.

use bytes::Bytes;
use ports::objects::parts::target_bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::encode::Encoded;

/// What was put together.
pub(super) struct Assembled {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) sha256: Option<[u8; 32]>,
}

/// `None`: nobody takes the parts any more.
pub(super) fn run(
    mut threads: Vec<mpsc::Receiver<Encoded>>,
    parts: mpsc::Sender<Bytes>,
) -> Option<Assembled> {
    let (mut rows, mut bytes, mut number, mut part) = (0, 0, 1, Vec::new());
    let mut hash = Sha256::new();
    // Blocks went to the threads in turns. The first thread without another block is where they ended,
    // or where something broke; the caller compares rows.
    let ended = 'all: loop {
        for thread in &mut threads {
            let Some(block) = thread.blocking_recv() else { break 'all true };
            hash.update(&block.bytes);
            rows += block.rows;
            bytes += block.bytes.len() as u64;
            let target = target_bytes(number);
            if part.capacity() == 0 {
                part.reserve(target + target / 16);
            }
            part.extend_from_slice(&block.bytes);
            drop(block);
            if part.len() >= target {
                number += 1;
                if parts.blocking_send(Bytes::from(std::mem::take(&mut part))).is_err() {
                    break 'all false;
                }
            }
        }
    };
    if !ended || (!part.is_empty() && parts.blocking_send(Bytes::from(part)).is_err()) {
        return None;
    }
    Some(Assembled { rows, bytes, sha256: (bytes > 0).then(|| hash.finalize().into()) })
}
