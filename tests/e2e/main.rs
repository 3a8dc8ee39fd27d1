//! End-to-end tests on the running stack. `cargo x test` starts it and names it in `SLUICE_STACK`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod account;
mod api;
mod attack;
mod caches;
mod cdn;
mod cli;
mod commands;
mod contract;
mod delivery;
mod download;
mod duckdb;
mod events;
mod fixture;
mod formats;
mod killed;
mod layouts;
mod life;
mod local;
mod orders;
mod own_source;
mod page;
mod passwords;
mod plan;
mod reuse;
mod saved;
mod snapshot;
mod store;
mod suggest;
mod sync;
mod tls;
