//! Shared parts of the end-to-end tests: the running stack, the system on it, and databases for single tests.

mod database;
mod emulator;
mod expected;
mod exported;
mod faults;
mod own_stack;
pub mod pinning;
mod redis;
pub mod server_log;
mod skipped;
mod stack;
mod statements;
mod system;
mod wait;

pub use database::Database;
pub use emulator::{aws, script};
pub use expected::{copy_csv, sorted_records};
pub use exported::Exported;
pub use faults::FaultFolder;
pub use own_stack::OwnStack;
pub use redis::Redis;
pub use skipped::skipped;
pub use stack::Stack;
pub use statements::Statements;
pub use system::System;
pub use wait::{EVENT_TIMEOUT, eventually};
