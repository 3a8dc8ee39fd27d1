//! Suites that every adapter of a port passes, the memory ones and the real ones alike.

mod cache;
mod objects;
mod queue;

pub use cache::{cache, cache_outage};
pub use objects::objects;
pub use queue::queue;
