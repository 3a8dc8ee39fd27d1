//! Settings from the environment. A missing or malformed one is an error at the start, never replaced by a default.

mod aws;

use std::str::FromStr;

pub use aws::aws;

/// A setting that is missing or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The setting is missing.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// The setting has the wrong form. Its value is not shown, because it may be a secret.
    #[error("the environment variable {0} is not a valid {1}")]
    Invalid(&'static str, &'static str),
}

/// Reads a required setting.
///
/// # Errors
/// If it is missing or empty.
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// Reads an optional setting. An empty one counts as missing, because templates cannot leave a variable out.
pub fn optional(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// Returns true if webhooks may be sent to this machine, without TLS. Only the local stack permits it, by a variable that no
/// template sets.
pub fn permits_loopback() -> bool {
    optional("SLUICE_WEBHOOK_LOOPBACK").is_some()
}

/// Reads a number with a default.
///
/// # Errors
/// If it is set and not a number.
pub fn number<T: FromStr>(name: &'static str, default: T) -> Result<T, ConfigError> {
    match std::env::var(name) {
        Ok(text) => text.parse().map_err(|_| ConfigError::Invalid(name, "number")),
        Err(_) => Ok(default),
    }
}
