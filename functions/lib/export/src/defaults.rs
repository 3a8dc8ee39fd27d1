//! Defaults of the deployment's parameters. The template sets the same values; functions use these where a variable
//! is not set, and the cost and scale model computes with them.

/// Maximum number of sessions at the source, and of concurrent workers.
pub const BUDGET: u32 = 4;

/// Maximum number of sessions at the store.
pub const STORE_SESSIONS: u32 = 16;

/// Target size of a chunk, in bytes of binary COPY.
pub const TARGET_BYTES: u64 = 268_435_456;

/// Maximum number of chunks in an export.
pub const MAX_CHUNKS: usize = 20_000;

/// Hours after which an export fails if it has not ended.
pub const DEADLINE_HOURS: u32 = 24;

/// Hours for which the files of an ended export are kept.
pub const RETENTION_HOURS: u32 = 168;

/// Memory of a worker, in MB. Lambda gives one processor with it.
pub const WORKER_MEMORY_MB: u32 = 1769;

/// Seconds after which Lambda ends a worker.
pub const WORKER_TIMEOUT_SECS: u32 = 900;
