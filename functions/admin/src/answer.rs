//! What a command answers.

use serde::Serialize;
use serde_json::{Value, json};

/// Lines for people, and the same for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// Whether the command did what it was asked.
    pub ok: bool,
    /// Lines for people.
    pub text: String,
    /// The same for programs; its form depends on the command.
    pub data: Value,
}

impl Answer {
    /// The command did what it was asked.
    pub(crate) fn done(text: impl Into<String>, data: Value) -> Self {
        Self { ok: true, text: text.into(), data }
    }

    /// It did nothing, and this is why.
    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self { ok: false, text: text.into(), data: json!({}) }
    }
}
