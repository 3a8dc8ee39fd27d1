//! Violations in an input: all of them are reported at once, each with its place and its remedy.

use serde::{Deserialize, Serialize};

/// One violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Violation {
    /// JSON pointer (RFC 6901) into the request body, or a dotted path into a catalog.
    pub pointer: String,
    /// Description of the violation.
    pub message: String,
    /// Action that corrects it.
    pub remedy: String,
}

impl Violation {
    /// Makes a violation.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into(), remedy: remedy.into() }
    }
}

/// Escapes one reference token of a JSON pointer (RFC 6901, section 3).
pub fn pointer_token(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Joins violations into one readable text, a line each.
pub fn describe(violations: &[Violation]) -> String {
    let line = |v: &Violation| format!("{}: {}; {}", v.pointer, v.message, v.remedy);
    violations.iter().map(line).collect::<Vec<_>>().join("\n")
}
