//! HTTP API of Sluice: it plans, accepts and dispatches exports, and returns their state and files.
//!
//! It never reads the source and never streams data: files are fetched through links to the bucket. Routes, statuses
//! and settings are in the README of this folder.

mod auth;
mod body;
mod caches;
mod caller;
mod context;
mod cors;
mod cursor;
mod datasets;
mod destinations;
mod documents;
mod error;
mod exports;
mod gateway;
mod key;
mod layers;
mod limits;
mod origin;
mod page;
mod prefer;
mod problem_kind;
mod provider;
mod query;
mod rate_limit;
mod response;
mod routes;
mod saved;
mod settings;
mod signed_links;
mod token;
mod trace;
mod visible;

pub use auth::{Auth, TokenRules};
pub use caches::Shared;
pub use context::Context;
pub use cors::Cors;
pub use gateway::run;
pub use provider::Provider;
pub use routes::{ROUTES, service};
pub use settings::Settings;
