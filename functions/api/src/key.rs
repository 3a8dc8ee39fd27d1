//! The key in the Authorization header: `Bearer slc_<id>_<secret><sum>`.

use std::fmt;
use std::hash::{Hash, Hasher};

use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Key as presented. The secret itself is not kept, only its hash, so the time of a comparison does not depend on
/// what was sent.
#[derive(Clone, Eq)]
pub(crate) struct Presented {
    pub(crate) id: String,
    pub(crate) secret_sha256: [u8; 32],
}

/// Constant-time comparison: cached keys are looked up by it, so its timing must not reveal where two hashes differ.
impl PartialEq for Presented {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && bool::from(self.secret_sha256.ct_eq(&other.secret_sha256))
    }
}

/// Consistent with the comparison: equal keys have equal hashes.
impl Hash for Presented {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.secret_sha256.hash(state);
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", self.id)
    }
}

impl Presented {
    /// Reads the header. Returns `None` unless it contains exactly one well-formed key.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next()?.to_str().ok()?;
        if values.next().is_some() {
            return None;
        }
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Self::parse(token)).flatten()
    }

    fn parse(token: &str) -> Option<Self> {
        let (id, secret) = export::key::read(token)?;
        Some(Self { id: id.to_owned(), secret_sha256: Sha256::digest(secret).into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<Presented> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        Presented::from_headers(&headers)
    }

    #[test]
    fn valid_bearer_key_is_read() {
        let secret = "0123456789abcdef".repeat(4);
        let key = read(&format!("Bearer slc_abcd1234_{secret}")).unwrap();
        assert_eq!(key.id, "abcd1234");
        assert_eq!(key.secret_sha256[..], Sha256::digest(&secret)[..]);
        assert!(read(&format!("bearer slc_abcd1234_{}", "Zz9".repeat(15))).is_some());
        assert!(!format!("{key:?}").contains("0123"));
    }

    #[test]
    fn wrong_checksum_is_refused_before_any_query() {
        let key = export::key::write("abcd1234", &"0123456789abcdef".repeat(4));
        assert_eq!(read(&format!("Bearer {key}")).unwrap().id, "abcd1234");
        let (rest, last) = key.split_at(key.len() - 1);
        let slip = if last == "a" { "b" } else { "a" };
        assert_eq!(read(&format!("Bearer {rest}{slip}")), None);
    }

    #[test]
    fn malformed_keys_are_refused() {
        let secret = "0123456789abcdef".repeat(4);
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            &format!("Basic slc_abcd1234_{secret}"),
            &format!("slc_abcd1234_{secret}"),
            &format!("Bearer  slc_abcd1234_{secret}"),
            &format!("Bearer slc_abcd1234_{secret} "),
            &format!("Bearer SLC_abcd1234_{secret}"),
            &format!("Bearer slc_ABCD1234_{secret}"),
            &format!("Bearer slc_abc_{secret}"),
            &format!("Bearer slc_{}_{secret}", "a".repeat(33)),
            &format!("Bearer slc_abcd1234_{}", &secret[..42]),
            &format!("Bearer slc_abcd1234_{secret}0"),
            &format!("Bearer slc_abcd1234_{}_", &secret[..50]),
            &format!("Bearer slc_abcd1234_{}'", &secret[..50]),
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn keys_are_equal_only_if_all_hash_bytes_are() {
        let key = |secret_sha256| Presented { id: "abcd1234".into(), secret_sha256 };
        assert_eq!(key([7; 32]), key([7; 32]));
        for at in 0..32 {
            let mut other = [7; 32];
            other[at] ^= 1;
            assert_ne!(key([7; 32]), key(other));
        }
        assert_ne!(key([7; 32]), Presented { id: "abcd1235".into(), secret_sha256: [7; 32] });
    }

    #[test]
    fn two_authorization_headers_are_refused() {
        let secret = "0123456789abcdef".repeat(4);
        let mut headers = HeaderMap::new();
        for id in ["abcd1234", "abcd1235"] {
            headers.append(header::AUTHORIZATION, format!("Bearer slc_{id}_{secret}").parse().unwrap());
        }
        assert_eq!(Presented::from_headers(&headers), None);
    }
}
