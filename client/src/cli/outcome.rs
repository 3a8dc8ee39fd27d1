//! What a command ends with, and how it is printed.

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Value, json};

use crate::Error;
use crate::error::with_causes;

/// A command that ran to its end.
pub(super) struct Outcome {
    text: String,
    data: Value,
    failed: bool,
}

impl Outcome {
    /// `text` is for people, `data` for machines.
    pub(super) fn new(text: impl Into<String>, data: impl Serialize) -> Self {
        Self { text: text.into(), data: serde_json::to_value(data).unwrap_or_default(), failed: false }
    }

    /// The same with exit code 1 if `failed`.
    pub(super) fn failed_if(self, failed: bool) -> Self {
        Self { failed, ..self }
    }
}

/// A command that did not run to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Mistyped.
    #[error("{0}")]
    Usage(String),
    /// Went wrong here.
    #[error("{0}")]
    Local(String),
    /// Went wrong on the way to the api, or was refused by it.
    #[error(transparent)]
    Client(#[from] Error),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// One of the others, and what can be done now.
    #[error("{failure}\n{hint}")]
    Hinted {
        /// What went wrong.
        failure: Box<Failure>,
        /// What can be done.
        hint: String,
    },
}

impl Failure {
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self::Hinted { failure: Box::new(self), hint: hint.into() }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Client(error) if error.is_refusal() => 2,
            Self::Local(_) | Self::Client(_) => 1,
            Self::Interrupted => 130,
            Self::Hinted { failure, .. } => failure.code(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Hinted { failure, hint } => format!("{}\n{hint}", failure.text()),
            Self::Client(error) => with_causes(error),
            other => other.to_string(),
        }
    }

    fn data(&self) -> Value {
        match self {
            Self::Hinted { failure, .. } => failure.data(),
            Self::Client(Error::Problem(problem)) => json!({"error": self.text(), "problem": problem}),
            _ => json!({"error": self.text()}),
        }
    }
}

/// Prints to stdout, complaints to stderr. A closed stdout is the reader's decision, not an error.
pub(super) fn print(result: Result<Outcome, Failure>, json: bool) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let (text, data, code) = match result {
        Ok(outcome) => (outcome.text, outcome.data, u8::from(outcome.failed)),
        Err(failure) => {
            eprintln!("error: {}", failure.text());
            (String::new(), failure.data(), failure.code())
        }
    };
    let _ = match (json, text.is_empty()) {
        (true, _) => writeln!(out, "{data:#}"),
        (false, true) => Ok(()),
        (false, false) => writeln!(out, "{text}"),
    };
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_tell_refusal_from_failure() {
        let refused = Error::Unexpected { status: 404, body: String::new() };
        let broken = Error::Unexpected { status: 500, body: String::new() };
        assert_eq!(Failure::from(refused).hint("h").code(), 2);
        assert_eq!(Failure::from(broken).code(), 1);
        assert_eq!(Failure::Interrupted.hint("h").text(), "interrupted\nh");
    }
}
