//! The running stack, as `cargo x` describes it in `stack.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

/// Addresses, names and folders of the stack.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stack {
    /// Name of the stack.
    pub name: String,
    /// Names of the functions, by short name.
    pub functions: BTreeMap<String, String>,
    /// Base URL of the api, without `/api/v1`.
    pub url: String,
    /// A key of tenant `demo`.
    pub key: String,
    /// Endpoint of the emulator.
    pub aws_endpoint: String,
    /// Access key of the emulator.
    pub access_key: String,
    /// Secret key of the emulator.
    pub secret_key: String,
    /// Region of the emulator.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// The queue.
    pub queue_url: String,
    /// The queue of deliveries.
    #[serde(default)]
    pub delivery_queue_url: String,
    /// Direct URL of PostgreSQL, as its owner.
    pub owner_url: String,
    /// URL of the source role, through the pooler.
    pub source_url: String,
    /// URL of the store role, through the pooler.
    pub store_url: String,
    /// URL of the shared cache. Empty if there is none.
    #[serde(default)]
    pub redis_url: String,
    /// URL of the CDN. Empty if there is none.
    #[serde(default)]
    pub cdn_url: String,
    /// Folder of the public keys whose links the CDN accepts.
    #[serde(default)]
    pub cdn_keys: PathBuf,
    /// The secret with the key that signs links.
    #[serde(default)]
    pub cdn_secret: String,
    /// The folder of its logs and data.
    #[serde(rename = "ground")]
    pub work_dir: PathBuf,
    /// Path of PostgreSQL's log.
    pub postgres_log: String,
    /// Sessions of the source role.
    pub budget: u32,
    /// Sessions of the store role.
    pub store_sessions: u32,
}

impl Stack {
    /// Loads the stack named by `SLUICE_STACK`, which `cargo x test` sets.
    ///
    /// # Errors
    /// If there is none: end-to-end tests do not pass by being skipped.
    pub fn from_env() -> Result<Self> {
        let path = std::env::var("SLUICE_STACK")
            .context("SLUICE_STACK is not set: run the tests with `cargo x test`")?;
        let text = std::fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
        serde_json::from_str(&text).with_context(|| format!("{path} is not the description of a stack"))
    }
}
