//! What the end-to-end tests share: the running stack, the system on it, and databases of their own.

mod database;
mod exported;
mod faults;
pub mod heard;
mod oracle;
pub mod pinning;
mod redis;
mod stack;
mod statements;
mod system;

pub use database::Database;
pub use exported::Exported;
pub use faults::FaultFolder;
pub use oracle::{copy_csv, sorted_records};
pub use redis::Redis;
pub use stack::Stack;
pub use statements::Statements;
pub use system::System;
