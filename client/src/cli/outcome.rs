//! Outcome of a command, and its output.

use std::io::Write;
use std::process::ExitCode;

use export::wire::Problem;
use serde::Serialize;
use serde_json::{Value, json};

use super::flags::commands;
use super::terminal;
use crate::Error;
use crate::error::{API, with_causes};
use crate::text::{is_control, printable};

/// Outcome of a command that completed.
pub(super) struct Outcome {
    text: String,
    data: Value,
    code: u8,
    verbatim: bool,
}

impl Outcome {
    /// Creates an outcome: `text` for users, `data` for `--json`.
    pub(super) fn new(text: impl Into<String>, data: impl Serialize) -> Self {
        Self {
            text: text.into(),
            data: serde_json::to_value(data).expect("the data of a command are plain JSON"),
            code: 0,
            verbatim: false,
        }
    }

    /// Creates an outcome whose text is a script of this program: printed as it is, with `--json` too.
    pub(super) fn verbatim(text: String) -> Self {
        Self { text, data: Value::Null, code: 0, verbatim: true }
    }

    /// Creates an outcome that is printed as JSON in any case.
    pub(super) fn json(data: Value) -> Self {
        Self { text: safe_json(&data), data, code: 0, verbatim: false }
    }

    /// Sets exit code 1 if `failed`.
    pub(super) fn failed_if(self, failed: bool) -> Self {
        Self { code: u8::from(failed), ..self }
    }

    /// Sets the exit code.
    pub(super) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> u8 {
        self.code
    }

    #[cfg(test)]
    pub(super) fn data(&self) -> &Value {
        &self.data
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Failure of a command that did not complete.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Invalid arguments.
    #[error("{0}")]
    Usage(String),
    /// Local error.
    #[error("{0}")]
    Local(String),
    /// Error of the connection to the api, or error response of the api.
    #[error(transparent)]
    Client(#[from] Error),
    /// Error response of the api, in the terms of the command line.
    #[error("{text}")]
    Refused {
        /// Problem as returned by the api.
        problem: Box<Problem>,
        /// Text shown to the user.
        text: String,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Ctrl-C, and the user had the export canceled.
    #[error("interrupted; {0}")]
    Canceled(String),
    /// Another failure with a hint.
    #[error("{failure}\n{hint}")]
    Hinted {
        /// The failure.
        failure: Box<Failure>,
        /// The hint.
        hint: String,
    },
}

impl Failure {
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self::Hinted { failure: Box::new(self), hint: hint.into() }
    }

    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Refused { problem, .. } => Self::of_problem(problem),
            Self::Client(error) if error.is_refusal() => 2,
            Self::Local(_) | Self::Client(_) => 1,
            Self::Interrupted | Self::Canceled(_) => 130,
            Self::Hinted { failure, .. } => failure.code(),
        }
    }

    fn of_problem(problem: &Problem) -> u8 {
        if Error::Problem(Box::new(problem.clone())).is_refusal() { 2 } else { 1 }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Hinted { failure, hint } => format!("{}\n{hint}", failure.text()),
            Self::Client(error) => match address_hint(error) {
                Some(hint) => format!("{}\n{hint}", commands(&with_causes(error))),
                None => commands(&with_causes(error)),
            },
            other => other.to_string(),
        }
    }

    fn data(&self) -> Value {
        match self {
            Self::Hinted { failure, .. } => failure.data(),
            Self::Client(Error::Problem(problem)) | Self::Refused { problem, .. } => {
                json!({"error": self.text(), "problem": problem})
            }
            _ => json!({"error": self.text()}),
        }
    }
}

/// Returns a hint for a server that does not respond as the api does, or rejects the key.
fn address_hint(error: &Error) -> Option<&'static str> {
    match error {
        Error::Connection { to: API, .. } => {
            Some("check that SLUICE_URL (or --url) is correct and reachable from this machine")
        }
        Error::Unexpected { message, .. } if message.is_empty() => {
            Some("check that SLUICE_URL (or --url) is correct")
        }
        Error::Problem(problem) if problem.status == 401 => {
            Some("set SLUICE_KEY, use --key, or log in with: sluice login")
        }
        Error::PlainHttp { .. } => Some("or use --insecure, if the key may be seen on the network"),
        _ => None,
    }
}

/// Formats JSON that is safe to display: characters that a terminal would interpret are escaped, which does not
/// change the meaning.
fn safe_json(data: &Value) -> String {
    let text = format!("{data:#}");
    let odd = |c: char| c != '\n' && is_control(c);
    if !text.contains(odd) {
        return text;
    }
    text.chars().map(|c| if odd(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}

/// Prints results to stdout and errors to stderr. A stdout closed by the reader is not an error.
pub(super) fn print(result: Result<Outcome, Failure>, json: bool) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let (outcome, code) = match result {
        Ok(outcome) => (outcome, None),
        Err(failure) => {
            terminal::error(&failure.text());
            (Outcome::new("", failure.data()), Some(failure.code()))
        }
    };
    let Outcome { text, data, .. } = &outcome;
    let _ = match (json, text.is_empty()) {
        _ if outcome.verbatim => write!(out, "{text}"),
        (true, _) => writeln!(out, "{}", safe_json(data)),
        (false, true) => Ok(()),
        (false, false) => writeln!(out, "{}", terminal::highlighted(&printable(text))),
    };
    let code = code.unwrap_or(outcome.code);
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_distinguish_refusal_and_failure() {
        let refused = Error::Unexpected { status: 404, message: String::new() };
        let broken = Error::Unexpected { status: 500, message: String::new() };
        assert_eq!(Failure::from(refused).hint("h").code(), 2);
        assert_eq!(Failure::from(broken).code(), 1);
        assert_eq!(Failure::Interrupted.hint("h").text(), "interrupted\nh");
    }

    #[test]
    fn printed_json_is_escaped_and_equivalent() {
        let data = json!({"name": "a\u{1b}]0;x\u{7}\u{9b}2K\u{202e}"});
        let text = safe_json(&data);
        assert!(!text.contains(|c: char| c != '\n' && is_control(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), data);
    }

    #[test]
    fn rejected_key_suggests_setting_it() {
        let detail = "the API key is missing or not valid; send it as Authorization: Bearer slc_…".into();
        let problem = Problem { status: 401, detail, ..Problem::default() };
        assert_eq!(
            Failure::from(Error::Problem(Box::new(problem))).text(),
            "the API key is missing or not valid (401)\nset SLUICE_KEY, use --key, or log in with: sluice login"
        );
    }

    #[test]
    fn unexpected_404_suggests_checking_the_url() {
        let page = Error::Unexpected { status: 404, message: String::new() };
        let text = Failure::from(page).text();
        assert!(
            text.contains("404") && text.contains("check that SLUICE_URL (or --url) is correct"),
            "{text}"
        );
    }
}
