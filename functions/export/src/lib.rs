//! The pure core of Sluice: what is asked, how it is cut, what is written down about it.
//!
//! There is no I/O here, no async, no clock and no randomness: ids and times are passed in.
//! The modules stand in the order of the data's way; each imports only what stands before it.

pub mod id;

pub mod key;

pub mod problem;

pub mod near;

pub mod column;

pub mod parquet_type;

pub mod range;

pub mod duration;

pub mod catalog;

pub mod access;

pub mod estimate;

pub mod format;

pub mod selection;

pub mod request;

pub mod chunk;

pub mod load;

pub mod plan;

pub mod price;

pub mod forecast;

pub mod file;

pub mod manifest;

pub mod wire;
