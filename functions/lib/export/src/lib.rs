//! Pure core of Sluice: requests, plans, and the records and manifests of exports.
//!
//! It has no I/O, no async, no clock and no randomness: ids and times are passed in.
//! The modules are in the order of the data flow; each imports only modules listed before it.

pub mod id;

pub mod cut;

pub mod key;

pub mod problem;

pub mod near;

pub mod count;

pub mod column;

pub mod parquet_type;

pub mod range;

pub mod layout;

pub mod duration;

pub mod catalog;

pub mod access;

pub mod destination;

pub mod estimate;

pub mod format;

pub mod selection;

pub mod request;

pub mod schedule;

pub mod saved;

pub mod state;

pub mod object_key;

pub mod proof;

pub mod attempt;

pub mod load;

pub mod failure;

pub mod usage;

pub mod delivery;

pub mod event;

pub mod webhook;

pub mod plan;

pub mod defaults;

pub mod sweep;

pub mod metric;

pub mod price;

pub mod forecast;

pub mod file;

pub mod manifest;

pub mod wire;
