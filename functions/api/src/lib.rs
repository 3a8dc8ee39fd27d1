//! HTTP API of Sluice: it plans, accepts and dispatches exports, and returns their state and files.
//!
//! It never reads the source and never streams data: files are fetched through links to the bucket. Routes, statuses
//! and settings are in the README of this folder.

mod answer;
mod auth;
mod body;
mod bucket;
mod caches;
mod caller;
mod clock;
mod context;
mod cursor;
mod datasets;
mod exports;
mod gateway;
mod handed;
mod key;
mod layers;
mod origin;
mod query;
mod rates;
mod refusal;
mod routes;
mod settings;
mod token;
mod visible;

pub use auth::{Auth, TokenRules};
pub use caches::Shared;
pub use context::Context;
pub use gateway::run;
pub use routes::{ROUTES, service};
pub use settings::Settings;
