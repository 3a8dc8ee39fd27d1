//! The `worker` Lambda: one message, one attempt, one file.
//!
//! The modules are listed in the order of the data flow. [`pipeline`] is the engine; it works with any stream of COPY
//! BINARY and any consumer of parts.

mod context;

mod handle;

mod attempt;
mod check;
mod deadline;
mod end;
mod notify;

mod cut;
mod heartbeat;
mod keeper;
mod metrics;

pub mod decode;

pub mod encode;

pub mod compress;

pub mod pipeline;

pub mod upload;

mod silence;
mod split;

mod usage;

mod error;

pub use attempt::run;
pub use context::{Context, ContextError};
pub use deadline::Deadline;
pub use error::AttemptError;
pub use handle::handle;
pub use heartbeat::Lease;
pub use split::{Sizes, SplitReason};
