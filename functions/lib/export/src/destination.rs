//! Destinations: buckets to which the files of an export are copied after it has succeeded.
//!
//! The operator defines them, and a request names one. No part of an address comes from a request, so a tenant can only reach
//! the buckets that the operator has allowed it.

mod layout;
mod read;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::TenantId;
use crate::near::near;
use crate::problem::Violation;

pub use layout::{DeliveredFolders, DestinationLayout};

/// Name of the field of a request that names its destination.
pub const FIELD: &str = "destination";

/// Entry of `tenants` that stands for all of them.
pub const EVERY_TENANT: &str = "*";

/// Name of the manifest at the destination.
pub const MANIFEST_NAME: &str = "manifest.json";

/// Name of the object that a probe writes and deletes.
pub const PROBE_NAME: &str = ".sluice-probe.json";

/// Destinations by name.
pub type Destinations = BTreeMap<String, Destination>;

/// Bucket, and the way in which files are stored there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// Name of the bucket.
    pub bucket: String,
    /// Folder in the bucket below which everything is written, without a slash at either end; empty for the bucket itself.
    #[serde(default)]
    pub prefix: String,
    /// Region of the bucket; `None` for that of the deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Role that copies, usually of the account that owns the bucket; `None` for the role of the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// External id that the trust policy of the role demands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// KMS key with which files are encrypted there; `None` for the default of the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// Layout of the files below the prefix.
    #[serde(default)]
    pub layout: DestinationLayout,
    /// Tenants that may name it; `*` stands for all.
    pub tenants: Vec<String>,
}

impl Destination {
    /// Returns true if the tenant may name it.
    pub fn allows(&self, tenant: &TenantId) -> bool {
        self.tenants.iter().any(|one| one == EVERY_TENANT || one == tenant.as_str())
    }

    /// Returns the destination as it is for one tenant. If several tenants may use it, each has a folder of its own.
    pub fn of_tenant(&self, tenant: &TenantId) -> Self {
        let is_shared = self.tenants.len() != 1 || self.tenants[0] == EVERY_TENANT;
        let prefix = if is_shared { self.below(tenant.as_str()) } else { self.prefix.clone() };
        Self { prefix, ..self.clone() }
    }

    /// Returns the address of an object, `s3://BUCKET/KEY`.
    pub fn address(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}

/// Returns the destination that a canonical request names.
pub fn of(request: &Value) -> Option<&str> {
    request[FIELD].as_str()
}

/// Checks that a tenant may use the destination of this name. A destination of another tenant is like one that does not exist.
///
/// # Errors
/// The violation, if it may not.
pub fn check(all: &Destinations, tenant: &TenantId, name: &str) -> Result<(), Violation> {
    let allowed = all.iter().filter(|(_, one)| one.allows(tenant)).map(|(name, _)| name.as_str());
    let allowed: Vec<_> = allowed.collect();
    if allowed.contains(&name) {
        return Ok(());
    }
    let close = near(name, allowed.iter().copied());
    let remedy = match (&allowed[..], &close[..]) {
        ([], _) => "leave it out and download the files, or ask the operator for a destination".to_owned(),
        (_, []) => format!("use one of these: {}", allowed.join(", ")),
        (_, close) => format!("did you mean {}?", close.join(", ")),
    };
    Err(Violation::new(format!("/{FIELD}"), format!("there is no destination {name}"), remedy))
}

/// Returns true if a destination may have this name.
pub fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_tenants_are_allowed() {
        let of = |tenants: &[&str]| Destination {
            tenants: tenants.iter().map(|one| (*one).to_owned()).collect(),
            ..Destination::default()
        };
        let acme: TenantId = "acme".parse().unwrap();
        assert!(of(&["acme"]).allows(&acme) && of(&["b", "*"]).allows(&acme));
        let prefix =
            |tenants: &[&str]| Destination { prefix: "in".into(), ..of(tenants) }.of_tenant(&acme).prefix;
        assert_eq!(["acme", "*"].map(|one| prefix(&[one])), ["in", "in/acme"]);
        assert_eq!(prefix(&["acme", "b"]), "in/acme");
        assert!(!of(&[]).allows(&acme) && !of(&["acme-2"]).allows(&acme));
    }
}
