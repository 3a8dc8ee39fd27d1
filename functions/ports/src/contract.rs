//! Suites that every adapter of a port passes, the memory ones and the real ones alike.

mod objects;
mod queue;

pub use objects::objects;
pub use queue::queue;
