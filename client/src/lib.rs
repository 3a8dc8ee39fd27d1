//! The typed client of Sluice, and the `sluice` command line based on it.
//!
//! [`Client`] implements the HTTP contract of `export::wire`. It never reveals the key: not in an error, not in its
//! `Debug` form, and not to the file storage.

pub mod cli;
mod client;
mod download;
mod empty;
mod error;
mod expected;
mod folder;
mod joined;
mod rows;
mod single;
mod synced;
mod text;
pub mod verify;

#[cfg(test)]
mod testing;

pub use client::{Client, ExportFilter, RawResponse, Retries, Reuse, Submitted};
pub use download::Fetched;
pub use empty::file as empty_file;
pub use error::Error;
pub use expected::ExpectedFile;
pub use folder::Folder;
pub use joined::{JOINED_NAME, Joined, JoinedFile};
