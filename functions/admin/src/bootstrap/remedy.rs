//! Remedies of a failed bootstrap, for the operator who reads the reason of a failed deployment.

use std::time::Duration;

/// The function was deployed without an owner.
pub(super) const NO_OWNER: &str = "the bootstrap has no owner's URL: set OwnerUrl";

/// The owner's URL cannot be parsed.
pub(super) const NOT_A_URL: &str = "OwnerUrl is not a valid URL: use postgres://host/database with OwnerSecretArn, or postgres://role:password@host/database, and percent-encode special characters";

/// The password of a role cannot be read.
pub(super) const UNREAD: &str = "the secret must exist and hold JSON with username and password; in subnets without a \
     NAT gateway deploy with CreateEndpoints=true and VpcCidr; a KMS key of yours must let the role of the function \
     decrypt with it";

/// The database does not respond.
pub(super) const UNREACHED: &str = "allow the security group of the functions on the database's port, deploy into \
     subnets from which the database can be reached, and let OwnerUrl name the database itself";

/// Returns the text for a migration that did not end in time.
pub(super) fn late(limit: Duration) -> String {
    format!(
        "the migration did not end within {} s: end the transactions that hold locks on schema sluice, then deploy again",
        limit.as_secs()
    )
}

/// Returns the remedy for an error of the server; `None` if its message says enough.
pub(super) fn of(sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        "3D000" => "OwnerUrl must name the database of the store, which must exist",
        "42501" => {
            "the owner's role needs createrole and the privilege to create schemas in this database (grant create on database)"
        }
        "25006" => "OwnerUrl must name the primary, not a standby",
        state if state.starts_with("28") => {
            "the database refuses the owner's role or password: correct OwnerUrl, or the secret in OwnerSecretArn"
        }
        state if state.starts_with("53") => {
            "the database has no session left for the owner: free some, then deploy again"
        }
        _ => return None,
    })
}
