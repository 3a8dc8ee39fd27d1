//! Proof that a file still equals what its query would return: kept when a chunk is read, compared when it is checked.

use serde::{Deserialize, Serialize};

use crate::id::ChunkId;

/// Transactions after which a proof is no longer compared. Transaction ids of rows have 32 bits and are compared by
/// their distance, which must stay far below 2^31.
pub const MAX_PROOF_DISTANCE: u64 = 1_000_000_000;

/// Confirmation of a file that was read earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Verified {
    /// The source has shown that the query would return the same rows.
    Unchanged,
}

/// State of the source, taken after the relations were locked and before the snapshot that reads them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// Oldest transaction that had not ended, with its epoch (`xid8`).
    pub oldest_transaction: u64,
    /// First transaction that had not begun, with its epoch.
    pub next_transaction: u64,
    /// SHA-256 over everything besides rows that decides the result of a query: server process, relations, columns,
    /// enum labels, settings. In hexadecimal.
    pub identity: String,
    /// Bucket of the file, which the worker adds: a deployment that was deleted and made again has another one.
    #[serde(default)]
    pub bucket: String,
}

impl Proof {
    /// Returns true if the rows visible now, compared by this proof, decide about `earlier`: the same identity, and no
    /// more transactions since than their ids can be compared over.
    pub fn continues(&self, earlier: &Self) -> bool {
        let distance = self.next_transaction.checked_sub(earlier.oldest_transaction);
        self.identity == earlier.identity
            && self.oldest_transaction >= earlier.oldest_transaction
            && distance.is_some_and(|distance| distance < MAX_PROOF_DISTANCE)
    }
}

/// Chunk that was read before, for a check of the same selection and range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Id of the chunk.
    pub chunk: ChunkId,
    /// Attempt that wrote its file.
    pub attempt: u32,
    /// Number of rows in its file.
    pub rows: u64,
    /// Its proof.
    pub proof: Proof,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(oldest_transaction: u64, identity: &str) -> Proof {
        Proof {
            oldest_transaction,
            next_transaction: oldest_transaction,
            identity: identity.to_owned(),
            bucket: String::new(),
        }
    }

    #[test]
    fn proof_continues_only_for_the_same_identity_and_within_the_distance() {
        let earlier = proof(1_000, "a");
        assert!(proof(1_000, "a").continues(&earlier));
        assert!(proof(1_000 + MAX_PROOF_DISTANCE - 1, "a").continues(&earlier));
        assert!(!proof(1_000 + MAX_PROOF_DISTANCE, "a").continues(&earlier));
        assert!(!proof(999, "a").continues(&earlier), "the server is an earlier copy of itself");
        let held = Proof { next_transaction: 1_000 + MAX_PROOF_DISTANCE, ..proof(1_001, "a") };
        assert!(!held.continues(&earlier), "an old transaction does not shorten the distance");
        assert!(!proof(1_001, "b").continues(&earlier));
    }
}
