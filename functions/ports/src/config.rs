//! Settings from the environment. A missing or malformed one is an error at the start, never a default
//! that hides it.

mod aws;

use std::str::FromStr;

pub use aws::aws;

/// A setting that is missing or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is not there.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// It has the wrong form. Its value is not shown: it may be a secret.
    #[error("the environment variable {0} is not a valid {1}")]
    Invalid(&'static str, &'static str),
}

/// A setting that must be there.
///
/// # Errors
/// If it is missing or empty.
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// A setting that may be missing; an empty one is missing too, as templates cannot leave one out.
pub fn optional(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// A number with a default.
///
/// # Errors
/// If it is there and is no number.
pub fn number<T: FromStr>(name: &'static str, default: T) -> Result<T, ConfigError> {
    match std::env::var(name) {
        Ok(text) => text.parse().map_err(|_| ConfigError::Invalid(name, "number")),
        Err(_) => Ok(default),
    }
}
