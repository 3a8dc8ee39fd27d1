//! Typed ids and names, so that one kind cannot be confused with another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Error for a name or id that does not have the required form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{what} must match {pattern}")]
pub struct InvalidId {
    /// Kind of name or id that was read, such as `tenant`.
    pub what: &'static str,
    /// Required form.
    pub pattern: &'static str,
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes the id from 16 random bytes (version 4).
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// Returns the id in the form the store keeps.
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = InvalidId { what: $what, pattern: "a UUID in lower case with hyphens" };
                let id = Uuid::parse_str(text).map_err(|_| invalid)?;
                // Only one spelling is accepted, because an id is also part of a path and of an object's key.
                if id.to_string() == text { Ok(Self(id)) } else { Err(InvalidId { what: $what, pattern: "a UUID in lower case with hyphens" }) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

random_id!(
    /// Id of one accepted bulk request.
    ExportId,
    "export id"
);
random_id!(
    /// Id of one chunk. It is random: a chunk's bytes are determined by its fingerprint and range.
    ChunkId,
    "chunk id"
);
random_id!(
    /// Id of one cut: a snapshot of the source that several chunks read.
    CutId,
    "cut id"
);
random_id!(
    /// Id of one keeper: the invocation that holds the snapshot of a cut.
    KeeperId,
    "keeper id"
);

/// Tenant to which a key belongs: 1 to 64 of `a-z 0-9 _ -`. It is part of object keys, so its form is narrow.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

impl TenantId {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId { what: "tenant", pattern: "[a-z0-9_-]{1,64}" })
        }
    }
}

impl TryFrom<String> for TenantId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> Self {
        id.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 over everything that determines a chunk's bytes, except its range.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// Returns lower-case hexadecimal, the form in which all hashes are written.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)] as char, DIGITS[usize::from(b & 15)] as char])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = ExportId::from_random([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().to_uppercase().parse::<ExportId>().is_err());
        assert!(id.to_string().replace('-', "").parse::<ExportId>().is_err());
    }

    #[test]
    fn a_tenant_cannot_leave_its_prefix() {
        for bad in ["", "a/b", "..", "A", "é", &"x".repeat(65)] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
        assert_eq!("acme-2".parse::<TenantId>().map(String::from), Ok("acme-2".to_owned()));
    }

    #[test]
    fn hex_is_lower_case() {
        assert_eq!(hex(&[0, 0xab, 0xff]), "00abff");
    }
}
