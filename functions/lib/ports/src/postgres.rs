//! A way to a PostgreSQL server, as the crates `source` and `store` need it: login, pooler, reachability, session
//! capacity, properties of server and role, quoting.
//!
//! The types of sqlx in these signatures are why both crates depend on it too.

mod authorities;
pub mod capacity;
pub mod login;
pub mod options;
pub mod ping;
pub mod pooler;
pub mod quote;
pub mod server;
