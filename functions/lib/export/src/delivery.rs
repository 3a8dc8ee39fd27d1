//! Deliveries: copies of the files of an export that has succeeded to its destination.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// State of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// The export has not succeeded yet.
    Waiting,
    /// Files are being copied, or are copied at the next attempt.
    Delivering,
    /// All files are at the destination, and the manifest.
    Delivered,
    /// The last attempt failed. `retry` starts the delivery again, without reading the database.
    Failed,
}

impl FromStr for DeliveryState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "waiting" => Ok(Self::Waiting),
            "due" | "sent" | "running" => Ok(Self::Delivering),
            "delivered" => Ok(Self::Delivered),
            "failed" => Ok(Self::Failed),
            other => Err(format!("{other:?} is not a state of a delivery")),
        }
    }
}

/// Reason of a failed attempt, for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryCode {
    /// The operator has removed the destination, or the tenant may no longer use it.
    DestinationUnknown,
    /// The role of the destination could not be taken on.
    RoleDenied,
    /// A right is missing, at the destination or for the files.
    AccessDenied,
    /// The bucket does not exist.
    BucketMissing,
    /// The destination could not be reached, or was too busy.
    Unavailable,
    /// The checksum of a copy differs from that of the file.
    ChecksumMismatch,
    /// A file of the export, or its manifest, no longer exists.
    FileMissing,
    /// The files of the export were deleted before they were delivered.
    Expired,
    /// The destination rejected a call for another reason.
    Rejected,
}

impl DeliveryCode {
    /// Returns the action that corrects the condition.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::DestinationUnknown => "the operator applies it again, or export to another destination",
            Self::RoleDenied => {
                "compare role_arn and external_id with the trust policy of the role, and DestinationRoleArns of the deployment; `sluice admin destinations policy NAME` prints both policies"
            }
            Self::AccessDenied => {
                "grant the right that the message names; `sluice admin destinations policy NAME` prints the policies, and `sluice admin destinations test NAME` tries them"
            }
            Self::BucketMissing => "create the bucket, or correct its name and region",
            Self::Unavailable => "nothing: the delivery is tried again",
            Self::ChecksumMismatch => "nothing: the file is copied again",
            Self::FileMissing | Self::Expired => "create the export again",
            Self::Rejected => "read the message of the destination",
        }
    }

    /// Returns true if another attempt may succeed without a new export.
    pub fn is_retryable(self) -> bool {
        !matches!(self, Self::FileMissing | Self::Expired)
    }
}

/// Failed attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryFailure {
    /// Reason, for machines.
    pub code: DeliveryCode,
    /// Reason, for people.
    pub message: String,
    /// Time of the failure, microseconds since 1970.
    pub at_micros: i64,
}

/// Seconds until the next attempt after each failure: a delivery fails for good after about a day.
pub const RETRY_AFTER_SECS: [u32; 8] = [30, 120, 600, 1_800, 7_200, 14_400, 28_800, 28_800];

/// Maximum number of failures that are kept with a delivery.
pub const MAX_FAILURES_KEPT: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_last_about_a_day() {
        let hours = RETRY_AFTER_SECS.iter().sum::<u32>() / 3_600;
        assert!((20..30).contains(&hours), "{hours}");
        assert!(RETRY_AFTER_SECS.is_sorted());
    }

    #[test]
    fn states_of_the_store_are_states_of_a_delivery() {
        for state in ["due", "sent", "running"] {
            assert_eq!(state.parse(), Ok(DeliveryState::Delivering));
        }
        assert!("none".parse::<DeliveryState>().is_err());
    }
}
