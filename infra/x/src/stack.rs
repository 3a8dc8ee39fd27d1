//! A stack: its state, the services that it consists of, and its start.
//!
//! [`state`] knows no service. Each service records in it the process that it starts, the signal that ends the process
//! and the folder of its data. [`start`] knows all services.

pub(crate) mod admin;
pub(crate) mod cdn;
pub(crate) mod cluster;
pub(crate) mod deploy;
mod emulator;
pub(crate) mod own_source;
pub(crate) mod pgbouncer;
pub(crate) mod postgres;
pub(crate) mod postgres15;
pub(crate) mod redis;
mod sample;
pub(crate) mod start;
pub(crate) mod state;
