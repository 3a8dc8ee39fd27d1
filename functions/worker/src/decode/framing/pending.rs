//! Buffer of bytes that are not a block yet. It avoids a copy as long as received buffers end at block boundaries.

use bytes::{Buf, Bytes, BytesMut};

/// Pending bytes. One of the two buffers is empty.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Buffer as received.
    shared: Bytes,
    /// Several buffers, joined.
    joined: BytesMut,
}

impl Pending {
    pub(super) fn push(&mut self, piece: Bytes, room: usize) {
        if self.is_empty() {
            self.joined = BytesMut::new();
            self.shared = piece;
            return;
        }
        let length = self.len() + piece.len();
        if self.joined.is_empty() {
            let begin = std::mem::take(&mut self.shared);
            self.joined = BytesMut::with_capacity(length.max(room));
            self.joined.extend_from_slice(&begin);
        } else if self.joined.capacity() < length {
            self.joined.reserve(piece.len().max(room));
        }
        self.joined.extend_from_slice(&piece);
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        if self.joined.is_empty() { &self.shared } else { &self.joined }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn advance(&mut self, count: usize) {
        if self.joined.is_empty() { self.shared.advance(count) } else { self.joined.advance(count) }
    }

    /// Removes and returns the first bytes.
    pub(super) fn split_to(&mut self, at: usize) -> Bytes {
        if self.joined.is_empty() { self.shared.split_to(at) } else { self.joined.split_to(at).freeze() }
    }

    /// Keeps only the first bytes.
    pub(super) fn truncate(&mut self, at: usize) {
        if self.joined.is_empty() { self.shared.truncate(at) } else { self.joined.truncate(at) }
    }
}
