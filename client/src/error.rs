//! What can go wrong between this machine and an export.

use std::path::PathBuf;

use export::id::ExportId;
use export::wire::Problem;

use crate::text::one_line;

/// The api, as errors of a connection name it.
pub(crate) const API: &str = "the api";

/// An error of the client. Its text never holds the key or a link.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The base address cannot be used.
    #[error("{url:?} is no http or https address")]
    BadUrl {
        /// What was given.
        url: String,
    },
    /// The key would be readable on the way.
    #[error("a key is not sent over plain http, except to this machine: use https for {host}")]
    PlainHttp {
        /// The host.
        host: String,
    },
    /// The key cannot stand in a header.
    #[error("the key holds characters that no key has")]
    BadKey,
    /// No answer, or half of one.
    #[error("the connection to {to} failed")]
    Connection {
        /// `the api` or `the object store`.
        to: &'static str,
        /// Why, without the address, which may hold a secret.
        #[source]
        source: reqwest::Error,
    },
    /// The api refused, and said why.
    #[error("{}", readable(.0))]
    Problem(Box<Problem>),
    /// An answer that the contract does not know.
    #[error("{}", unexpected(.status, .message))]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// What its body says, if it is JSON as gateways send it.
        message: String,
    },
    /// A body that is not what the contract says.
    #[error("the {what} cannot be read")]
    Body {
        /// What was expected.
        what: &'static str,
        /// Where it differs.
        #[source]
        source: serde_json::Error,
    },
    /// The object store refused.
    #[error("the object store answered {status}")]
    Object {
        /// The HTTP status.
        status: u16,
    },
    /// A name that would leave the directory.
    #[error("{name:?} is no file name")]
    BadName {
        /// The name.
        name: String,
    },
    /// The bytes are not those that the export wrote. What was loaded has been deleted.
    #[error("{name} is not the file that was exported: {what}")]
    Mismatch {
        /// The file.
        name: String,
        /// What differs.
        what: String,
    },
    /// The stream ended before the file did.
    #[error("{name} ended after {at} of {bytes} bytes")]
    Short {
        /// The file.
        name: String,
        /// Bytes that are there.
        at: u64,
        /// Bytes that should be.
        bytes: u64,
    },
    /// The folder belongs to another export.
    #[error("{} holds the files of export {export}; choose another directory", .directory.display())]
    OtherExport {
        /// The folder.
        directory: PathBuf,
        /// Whose files are there.
        export: ExportId,
    },
    /// What is in the folder was not written for this export, and is left as it is.
    #[error("{} holds what this export did not write: {}", .directory.display(), some(.names))]
    Occupied {
        /// The folder.
        directory: PathBuf,
        /// What is in the way.
        names: Vec<String>,
    },
    /// Two downloads into one folder.
    #[error("another download is writing to {}; wait until it has ended", .directory.display())]
    InUse {
        /// The folder.
        directory: PathBuf,
    },
    /// The file system refused.
    #[error("{}", .path.display())]
    Io {
        /// Which path.
        path: PathBuf,
        /// Why.
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

    /// Whether the request itself was refused, by the api or here, so that sending it again as it is cannot help.
    pub fn is_refusal(&self) -> bool {
        let refuses = |status: u16| (400..500).contains(&status) && status != 429;
        match self {
            Self::BadUrl { .. } | Self::BadKey | Self::PlainHttp { .. } => true,
            Self::OtherExport { .. } | Self::Occupied { .. } => true,
            Self::Problem(problem) => refuses(problem.status),
            Self::Unexpected { status, .. } => refuses(*status),
            _ => false,
        }
    }

    /// Whether a download may go on with a fresh link.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Connection { .. } | Self::Object { .. } | Self::Short { .. })
    }
}

fn unexpected(status: &u16, message: &str) -> String {
    match message {
        "" => format!("a server answered {status}, but not as this api does"),
        message => format!("the api answered {status}: {message}"),
    }
}

/// The first few of many names.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// The problem as people read it: what, then each violation with where and how to mend it.
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

/// An error with its causes, in one line each.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Some libraries repeat their cause in their own text.
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
            instance: None,
            violations: vec![
                Violation::new("/datasets/0", "unknown dataset \"order\"", "did you mean \"orders\"?"),
                Violation::new("", "the body is no object", "send a JSON object"),
            ],
        };
        assert_eq!(
            Error::Problem(Box::new(problem)).to_string(),
            "the request has 2 violations (422)\n  /datasets/0: unknown dataset \"order\"\n    did you mean \
             \"orders\"?\n  the body: the body is no object\n    send a JSON object"
        );
    }
}
