//! The request of `export` and `plan`: arguments of the command line, or a JSON file.

use std::io::Read;
use std::path::PathBuf;

use serde_json::Value;

use super::flags;
use super::outcome::Failure;
use super::request::RequestArgs;
use crate::Error;

/// Requested export.
#[derive(Debug, clap::Args)]
pub(super) struct RequestSource {
    #[command(flatten)]
    words: RequestArgs,
    /// Send this JSON file as the request; - reads stdin
    #[arg(long, value_name = "FILE", help_heading = "Request", conflicts_with_all = [
        "datasets", "from", "to", "time_zone", "columns", "filter", "format", "compression", "delimiter",
        "null", "no_header", "formula_guard",
    ])]
    request: Option<PathBuf>,
}

impl RequestSource {
    /// Converts an error response to the terms of the command line that made the request.
    pub(super) fn explain(&self, error: Error) -> Failure {
        match error {
            Error::Problem(problem) if self.request.is_none() => {
                let text = flags::in_words(&problem, self.words.datasets());
                Failure::Refused { problem, text }
            }
            other => other.into(),
        }
    }

    /// Returns the body to send.
    pub(super) fn read(&self) -> Result<Value, Failure> {
        let Some(path) = &self.request else {
            let request = self.words.build().map_err(Failure::Usage)?;
            return serde_json::to_value(request).map_err(|error| Failure::Local(error.to_string()));
        };
        let mut text = String::new();
        let read = if path.as_os_str() == "-" {
            std::io::stdin().read_to_string(&mut text).map(drop)
        } else {
            std::fs::read_to_string(path).map(|read| text = read)
        };
        let name = path.display();
        read.map_err(|error| Failure::Usage(format!("{name} cannot be read: {error}")))?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::Usage(format!("{name} is not valid JSON: {error}")))
    }
}
