//! Shared parts of the end-to-end tests: the running stack, the system on it, and databases for single tests.

mod database;
mod emulator;
mod exported;
mod faults;
pub mod heard;
mod oracle;
mod patience;
pub mod pinning;
mod redis;
mod skipped;
mod stack;
mod statements;
mod system;

pub use database::Database;
pub use emulator::aws;
pub use exported::Exported;
pub use faults::FaultFolder;
pub use oracle::{copy_csv, sorted_records};
pub use patience::{EVENT_TIMEOUT, eventually};
pub use redis::Redis;
pub use skipped::skipped;
pub use stack::Stack;
pub use statements::Statements;
pub use system::System;
