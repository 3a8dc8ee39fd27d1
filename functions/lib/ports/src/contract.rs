//! Test suites that every adapter of a port passes, in memory or real.

mod cache;
mod destination;
mod objects;
mod queue;

pub use cache::{cache, cache_outage};
pub use destination::destination;
pub use objects::objects;
pub use queue::queue;
