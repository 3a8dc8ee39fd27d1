//! The `notify` Lambda: sends events that are ready to be sent, and reports the results by a queue.
//!
//! It is outside the VPC: it reaches the internet, and neither a database nor the bucket. It holds no secret, because events
//! arrive signed.

mod context;

mod handle;

mod send;
mod webhook;

pub use context::Context;
pub use handle::handle;
pub use webhook::Webhooks;
