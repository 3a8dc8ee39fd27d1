//! What the end-to-end tests share: the running stack, and databases of their own.

mod database;
mod stack;

pub use database::Database;
pub use stack::Stack;
