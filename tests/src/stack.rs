//! The running stack, as `cargo x` describes it in `stack.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

/// Where everything is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Names of the functions, by short name.
    pub functions: BTreeMap<String, String>,
    /// Base URL of the api, without `/api/v1`.
    pub url: String,
    /// A key of tenant `demo`.
    pub key: String,
    /// Endpoint of the emulator.
    pub aws_endpoint: String,
    /// Its credentials.
    pub access_key: String,
    /// Its credentials.
    pub secret_key: String,
    /// Its region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// The queue.
    pub queue_url: String,
    /// PostgreSQL as its owner, directly.
    pub owner_url: String,
    /// The source role, through the pooler.
    pub source_url: String,
    /// The store role, through the pooler.
    pub store_url: String,
    /// The shared cache; empty where there is none.
    #[serde(default)]
    pub redis_url: String,
    /// The CDN; empty where there is none.
    #[serde(default)]
    pub cdn_url: String,
    /// Folder of the public keys whose links the CDN accepts.
    #[serde(default)]
    pub cdn_keys: PathBuf,
    /// The secret with the key that signs links.
    #[serde(default)]
    pub cdn_secret: String,
    /// The folder of its logs and data.
    pub ground: PathBuf,
    /// PostgreSQL's log.
    pub postgres_log: String,
    /// Sessions of the source role.
    pub budget: u32,
    /// Sessions of the store role.
    pub store_sessions: u32,
}

impl Stack {
    /// The stack named by `SLUICE_STACK`, which `cargo x test` sets.
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
