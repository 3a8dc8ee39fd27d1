//! Bodies of error responses and of the health check.

use serde::{Deserialize, Serialize};

use crate::problem::Violation;

/// The media type of a [`Problem`].
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// Body of every error response (RFC 9457).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// URI that identifies the kind of problem; `about:blank` if the status is sufficient.
    #[serde(rename = "type", default = "about_blank")]
    pub type_uri: String,
    /// Kind of problem, for people; always the same for one type.
    #[serde(default)]
    pub title: String,
    /// HTTP status.
    #[serde(default)]
    pub status: u16,
    /// Description of this occurrence and its remedy.
    #[serde(default)]
    pub detail: String,
    /// Path of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Id of the request, as in the header `X-Request-Id`. The operator finds the log of the request by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// All violations in the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
}

fn about_blank() -> String {
    "about:blank".to_owned()
}

/// Body of `GET /health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The version of Sluice.
    pub version: String,
}
