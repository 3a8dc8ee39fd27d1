//! Suites that every adapter of a port passes, the memory ones and the real ones alike.

mod objects;

pub use objects::objects;
