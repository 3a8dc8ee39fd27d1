//! Parts of a file: their memory and their hash.
//!
//! The memory is a few buffers that circulate between the assembler and the upload. A buffer returns when its last
//! reader drops it. The assembler waits for a free one, so the number of parts at a time is bounded wherever they are,
//! and their memory is allocated once.

use bytes::Bytes;
use ports::objects::parts::target_bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

/// Number of buffers: one is filled while two are being sent.
const BUFFERS: usize = 3;

/// Pool of buffers.
pub(super) struct Parts {
    back: mpsc::Sender<Vec<u8>>,
    free: mpsc::Receiver<Vec<u8>>,
    number: u32,
}

/// Full buffer. It returns to the pool when dropped.
struct PooledBuffer {
    bytes: Vec<u8>,
    back: mpsc::Sender<Vec<u8>>,
}

impl Parts {
    pub(super) fn new() -> Self {
        let (back, free) = mpsc::channel(BUFFERS);
        for _ in 0..BUFFERS {
            // The channel has capacity for all of them.
            let _ = back.try_send(Vec::new());
        }
        Self { back, free, number: 0 }
    }

    /// Returns an empty buffer for the next part and the size at which it is full. Waits until one is free.
    pub(super) fn next(&mut self) -> (Vec<u8>, usize) {
        self.number += 1;
        let full = target_bytes(self.number);
        // This struct keeps a sender, so the channel is never closed.
        let mut bytes = self.free.blocking_recv().unwrap_or_default();
        bytes.clear();
        // One huge value must not hold its memory forever.
        bytes.shrink_to(full + full / 4);
        bytes.reserve(full + full / 16);
        (bytes, full)
    }

    /// Returns a full buffer as shared bytes.
    pub(super) fn share(&self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(PooledBuffer { bytes, back: self.back.clone() })
    }
}

impl AsRef<[u8]> for PooledBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for PooledBuffer {
    fn drop(&mut self) {
        // The send fails if the pipeline is gone.
        let _ = self.back.try_send(std::mem::take(&mut self.bytes));
    }
}

/// Hashes all parts on a thread of its own, in parallel with their upload; returns `None` if there were none.
pub(super) fn hash(mut parts: mpsc::Receiver<Bytes>) -> Option<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut any = false;
    while let Some(part) = parts.blocking_recv() {
        hash.update(&part);
        any = true;
    }
    any.then(|| hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffer_is_reused_after_its_last_reader() {
        let mut parts = Parts::new();
        let (mut first, full) = parts.next();
        first.push(7);
        let address = first.as_ptr();
        let shared = parts.share(first);
        let reader = shared.clone();
        drop((parts.next(), parts.next()));
        drop(shared);
        assert!(parts.free.is_empty());
        drop(reader);
        let (again, _) = parts.next();
        assert_eq!((again.as_ptr(), again.len(), full), (address, 0, target_bytes(1)));
    }
}
