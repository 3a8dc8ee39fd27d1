//! The external services of Sluice: one module per service, with its adapters.
//!
//! Only this crate depends on sqlx and the AWS SDK; their types are not exposed.

pub mod audit;
pub mod config;
pub mod login;
pub mod metrics;
mod percent;
pub mod random;
pub mod reach;
pub mod room;
mod sdk;
pub mod server;
pub mod telemetry;

pub mod cache;
pub mod links;
pub mod objects;
pub mod queue;
pub mod source;
pub mod store;

pub mod fault;

pub mod dispatch;
pub mod finish;

pub mod contract;
