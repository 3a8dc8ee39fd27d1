//! Result of a command.

use export::range::format_micros;
use serde::Serialize;
use serde_json::{Value, json};

/// Result of a command, as text and as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CommandOutput {
    /// True if the command succeeded.
    pub ok: bool,
    /// Text for the operator.
    pub text: String,
    /// The same as JSON; its form depends on the command.
    pub data: Value,
}

impl CommandOutput {
    /// Returns the result of a command that succeeded.
    pub(crate) fn done(text: impl Into<String>, data: Value) -> Self {
        Self { ok: true, text: text.into(), data }
    }

    /// Returns the result of a command that did nothing, with the reason.
    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self { ok: false, text: text.into(), data: json!({}) }
    }
}

/// Formats a time in microseconds since 1970, to the second.
pub(crate) fn time(micros: i64) -> String {
    format!("{} UTC", format_micros(micros.div_euclid(1_000_000) * 1_000_000, ' '))
}
