//! The request of `export` and `plan`: arguments of the command line, or a JSON file.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::flags;
use super::outcome::Failure;
use super::request::RequestArgs;
use crate::{Client, Error, Reuse};

/// Requested export.
#[derive(Debug, clap::Args)]
pub(super) struct RequestSource {
    #[command(flatten)]
    words: RequestArgs,
    /// Send this JSON file as the request; - reads stdin
    #[arg(long, value_name = "FILE", help_heading = "Request", conflicts_with_all = [
        "datasets", "from", "to", "time_zone", "columns", "filter", "sample", "label", "labels", "layout", "format",
        "compression", "delimiter", "null", "no_header", "formula_guard",
    ])]
    request: Option<PathBuf>,
    /// Reuse of rows that were read earlier: none reads everything again, an age such as 12h reuses what was read
    /// within that time, settled reuses all that no longer changes [default: settled]
    #[arg(long, value_name = "none|AGE|settled", help_heading = "Request")]
    reuse: Option<Reuse>,
}

impl RequestSource {
    /// Converts an error response to the terms of the command line that made the request.
    pub(super) fn explain(&self, error: Error, request: &Value) -> Failure {
        match error {
            Error::Problem(problem) if self.request.is_none() && problem.status != 401 => {
                let text = flags::in_words(&problem, &names(request));
                Failure::Refused { problem, text }
            }
            other => other.into(),
        }
    }

    /// Returns the requested reuse.
    pub(super) fn reuse(&self) -> Reuse {
        self.reuse.unwrap_or_default()
    }

    /// Returns the client with the requested reuse.
    pub(super) fn client(&self, client: &Client) -> Client {
        client.clone().with_reuse(self.reuse())
    }

    /// Returns the body to send. The api is only called if the names of all datasets are needed.
    pub(super) async fn read(&self, client: &Client) -> Result<Value, Failure> {
        let Some(path) = &self.request else {
            if self.words.datasets().is_empty() {
                return Err(Failure::Usage(
                    "the datasets are missing: name them, write '*' for all, or give a request with --request FILE; \
                     `sluice datasets` lists them"
                        .into(),
                ));
            }
            let all = match self.words.needs_names() {
                true => Some(
                    client.datasets().await?.datasets.into_iter().map(|one| one.name).collect::<Vec<_>>(),
                ),
                false => None,
            };
            let request = self.words.build(all.as_deref()).map_err(Failure::Usage)?;
            return serde_json::to_value(request).map_err(|error| Failure::Local(error.to_string()));
        };
        read_json("--request", path)
    }
}

/// Returns the names of the datasets of a request.
fn names(request: &Value) -> Vec<String> {
    let name =
        |choice: &Value| choice.as_str().or(choice["name"].as_str()).map(str::to_owned).unwrap_or_default();
    request["datasets"].as_array().map_or_else(Vec::new, |list| list.iter().map(name).collect())
}

/// Reads a JSON file that was given with `flag`; `-` is stdin.
pub(super) fn read_json(flag: &str, path: &Path) -> Result<Value, Failure> {
    let text = read_text(flag, path)?;
    let name = path.display();
    serde_json::from_str(&text)
        .map_err(|error| Failure::Usage(format!("{flag}: {name} is not valid JSON: {error}")))
}

/// Reads a text file that was given with `flag`; `-` is stdin.
pub(super) fn read_text(flag: &str, path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    let name = path.display();
    read.map(|()| text).map_err(|error| Failure::Usage(format!("{flag}: {name} cannot be read: {error}")))
}
