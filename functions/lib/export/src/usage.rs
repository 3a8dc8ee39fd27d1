//! Time and resources used by an attempt.

use serde::{Deserialize, Serialize};

/// Time spent by an attempt, step by step, and resources used. All in milliseconds or bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// Time from due to lease.
    pub waited_ms: u64,
    /// Time to open the source session.
    pub connect_ms: u64,
    /// Time from the COPY to its first row.
    pub first_row_ms: u64,
    /// Time from the COPY to the end of its stream.
    pub read_ms: u64,
    /// Time spent on decoding, encoding and compressing: the sum over the threads that encode, while rows are read and
    /// in `finish_ms`. It may be more than the time that has passed.
    pub encode_ms: u64,
    /// Time from the end of the stream to the last encoded byte.
    pub finish_ms: u64,
    /// Time from the last encoded byte to the completed object.
    pub upload_ms: u64,
    /// Processor time of the process during the attempt.
    pub cpu_ms: u64,
    /// Peak resident memory of the process so far.
    pub peak_memory_bytes: u64,
}
