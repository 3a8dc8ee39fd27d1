//! Destinations, and deliveries to them.

use serde::{Deserialize, Serialize};

use crate::delivery::{DeliveryCode, DeliveryState};
use crate::destination::DestinationLayout;

/// Body of `GET /destinations`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DestinationList {
    /// Destinations that the tenant may use, by name.
    pub destinations: Vec<DestinationEntry>,
}

/// Destination that a request may name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DestinationEntry {
    /// Name of the destination.
    pub name: String,
    /// Place below which files are stored: `s3://BUCKET/PREFIX`.
    pub location: String,
    /// Layout of the files below it.
    pub layout: DestinationLayout,
}

/// Copy of the files of an export to a destination. It begins when the export has succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Name of the destination.
    pub destination: String,
    /// State of the delivery.
    pub state: DeliveryState,
    /// Files to copy, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files_total: Option<u64>,
    /// Files that are at the destination.
    pub files_done: u64,
    /// Bytes of these files.
    pub bytes_done: u64,
    /// Address of the manifest at the destination, `s3://BUCKET/KEY`. It is written last: all files are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Time at which the manifest was written there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<String>,
    /// Time of the next attempt after a failed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// The last failed attempts, oldest first; empty once the files are delivered.
    #[serde(default)]
    pub errors: Vec<DeliveryError>,
}

/// Failed attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryError {
    /// One word for machines, such as `access_denied`.
    pub code: DeliveryCode,
    /// Description of the failure; it names the missing right, if one is missing.
    pub message: String,
    /// Action that corrects it.
    pub remedy: String,
    /// Time of the failure.
    pub at: String,
}
