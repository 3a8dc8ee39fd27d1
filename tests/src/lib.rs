//! What the end-to-end tests share: the running stack, the system on it, and databases of their own.

mod database;
mod exported;
mod oracle;
mod stack;
mod system;

pub use database::Database;
pub use exported::Exported;
pub use oracle::{copy_csv, sorted_records};
pub use stack::Stack;
pub use system::System;
