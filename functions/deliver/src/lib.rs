//! The `deliver` Lambda: one message, one attempt to copy the files of an export to its destination. It also sends events to
//! the function outside the VPC.
//!
//! It reads no database but the store. A failure never affects the export, whose files remain where they are.

mod context;

mod handle;

mod attempt;
mod copies;
mod end;
mod events;
mod probe;

pub use attempt::run;
pub use context::{Context, ContextError};
pub use handle::handle;
