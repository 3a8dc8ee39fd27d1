//! Errors of the client.

use std::path::PathBuf;

use export::id::ExportId;
use export::wire::Problem;

use crate::text::one_line;

/// Name of the api in errors of a connection.
pub(crate) const API: &str = "the API";

/// Name of the bucket, and of the CDN before it, in errors of a connection.
pub(crate) const STORAGE: &str = "the file storage";

/// Error of the client. Its text never contains the key or a link.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The base address is invalid.
    #[error("{url:?} is not an http or https URL")]
    BadUrl {
        /// Address as given.
        url: String,
    },
    /// The key would be sent unencrypted.
    #[error("keys are not sent over plain http, except to this machine: use https for {host}")]
    PlainHttp {
        /// Host of the address.
        host: String,
    },
    /// The key contains characters that are not allowed in a header.
    #[error("the key contains invalid characters")]
    BadKey,
    /// A path that is not one of the api.
    #[error("{path:?} is not a path of the API; write it as /exports or /api/v1/exports")]
    BadPath {
        /// Path as given.
        path: String,
    },
    /// No response, or an incomplete one.
    #[error("the connection to {to} failed")]
    Connection {
        /// `the API` or `the file storage`.
        to: &'static str,
        /// Cause, without the address, which may contain a secret.
        #[source]
        source: reqwest::Error,
    },
    /// The api returned an error with a problem body.
    #[error("{}", readable(.0))]
    Problem(Box<Problem>),
    /// A response that is not part of the contract.
    #[error("{}", unexpected(.status, .message))]
    Unexpected {
        /// HTTP status.
        status: u16,
        /// Message in the body, if it is JSON in the form that gateways send.
        message: String,
    },
    /// A body that differs from the contract.
    #[error("the {what} is not valid")]
    Body {
        /// Expected content.
        what: &'static str,
        /// Difference.
        #[source]
        source: serde_json::Error,
    },
    /// The file storage returned an error.
    #[error("the file storage returned {status}")]
    Object {
        /// HTTP status.
        status: u16,
    },
    /// A name that would lead out of the directory.
    #[error("{name:?} is not a valid file name")]
    BadName {
        /// The name.
        name: String,
    },
    /// The bytes differ from those that the export wrote. The downloaded bytes have been deleted.
    #[error("{name} is not the file that was exported: {what}")]
    Mismatch {
        /// Name of the file.
        name: String,
        /// Difference.
        what: String,
    },
    /// The stream ended before the file was complete.
    #[error("{name} ended after {at} of {bytes} bytes")]
    Short {
        /// Name of the file.
        name: String,
        /// Bytes present.
        at: u64,
        /// Expected size in bytes.
        bytes: u64,
    },
    /// The folder belongs to another export.
    #[error("{} contains the files of export {export}; choose another directory", .directory.display())]
    OtherExport {
        /// Path of the folder.
        directory: PathBuf,
        /// The export to which the files belong.
        export: ExportId,
    },
    /// The folder contains files that were not written for this export; they are left unchanged.
    #[error("{} contains entries that this export did not write: {}", .directory.display(), some(.names))]
    Occupied {
        /// Path of the folder.
        directory: PathBuf,
        /// Names of these files.
        names: Vec<String>,
    },
    /// Two downloads into one folder.
    #[error("another download is writing to {}; wait until it has ended", .directory.display())]
    InUse {
        /// Path of the folder.
        directory: PathBuf,
    },
    /// Error of the file system.
    #[error("{}", .path.display())]
    Io {
        /// Path of the file or folder.
        path: PathBuf,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn connection(to: &'static str) -> impl FnOnce(reqwest::Error) -> Self {
        move |source| Self::Connection { to, source: source.without_url() }
    }

    /// Returns true if the request itself was rejected, by the api or locally, so that sending it again unchanged
    /// cannot help.
    pub fn is_refusal(&self) -> bool {
        let refuses = |status: u16| (400..500).contains(&status) && status != 429;
        match self {
            Self::BadUrl { .. } | Self::BadPath { .. } | Self::BadKey | Self::PlainHttp { .. } => true,
            Self::OtherExport { .. } | Self::Occupied { .. } => true,
            Self::Problem(problem) => refuses(problem.status),
            Self::Unexpected { status, .. } => refuses(*status),
            _ => false,
        }
    }

    /// Returns the status of an error response of the api.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Problem(problem) => Some(problem.status),
            Self::Unexpected { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Returns true if a download may continue with a fresh link.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Connection { .. } | Self::Object { .. } | Self::Short { .. })
    }
}

fn unexpected(status: &u16, message: &str) -> String {
    match message {
        "" => format!("the server returned {status} without a response of the Sluice API"),
        message => format!("the API returned {status}: {message}"),
    }
}

/// Formats the first few of many names.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// Formats the problem for the user: the message, then each violation with its position and remedy.
pub(crate) fn readable(problem: &Problem) -> String {
    let what = if problem.detail.is_empty() { &problem.title } else { &problem.detail };
    let mut text = format!("{} ({})", one_line(what), problem.status);
    for violation in &problem.violations {
        let at = if violation.pointer.is_empty() { "the body" } else { &violation.pointer };
        let [at, message, remedy] = [at, &violation.message, &violation.remedy].map(one_line);
        text.push_str(&format!("\n  {at}: {message}\n    {remedy}"));
    }
    text
}

/// Formats an error with its causes on one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Some libraries include their cause in their own text.
        if !text.contains(&error.to_string()) {
            text.push_str(&format!(": {error}"));
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use export::problem::Violation;

    #[test]
    fn a_problem_lists_every_violation_with_its_remedy() {
        let problem = Problem {
            type_uri: "about:blank".into(),
            title: "Unprocessable Content".into(),
            status: 422,
            detail: "the request has 2 violations".into(),
            violations: vec![
                Violation::new("/datasets/0", "unknown dataset \"order\"", "did you mean \"orders\"?"),
                Violation::new("", "the body is not an object", "send a JSON object"),
            ],
            ..Problem::default()
        };
        assert_eq!(
            Error::Problem(Box::new(problem)).to_string(),
            "the request has 2 violations (422)\n  /datasets/0: unknown dataset \"order\"\n    did you mean \
             \"orders\"?\n  the body: the body is not an object\n    send a JSON object"
        );
    }
}
