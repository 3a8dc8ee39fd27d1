//! Adapters of the services that Sluice uses, one module per service, and what every function needs: settings, logs,
//! metrics, fault injection.
//!
//! Only this crate depends on the AWS SDK and on redis; their types are not exposed.

pub mod audit;
pub mod clock;
pub mod config;
pub mod metrics;
mod percent;
pub mod random;
mod sdk;
pub mod secret;
pub mod signature;
pub mod telemetry;

pub mod bus;
pub mod cache;
pub mod destination;
pub mod links;
pub mod objects;
pub mod postgres;
pub mod queue;

pub mod fault;

pub mod contract;
