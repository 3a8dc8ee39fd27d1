//! SCRAM-SHA-256 verifiers, which is the form in which PostgreSQL stores a password and from which the password
//! cannot be recovered. A server that receives a verifier instead of a password stores it as it is, so the password
//! itself appears in no statement and in no log.
//!
//! Sources: RFC 5802 section 3, RFC 7677; "pg_authid" in the PostgreSQL documentation.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Number of iterations, the default of PostgreSQL.
const ITERATIONS: u32 = 4096;
/// Length of the salt in bytes.
pub(super) const SALT: usize = 16;

/// Returns the verifier; `None` for a password with anything but printable ASCII, which server and clients would
/// normalise first (SASLprep).
pub(super) fn verifier(password: &str, salt: [u8; SALT]) -> Option<String> {
    if !password.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    let iterations = NonZeroU32::new(ITERATIONS)?;
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.as_bytes(), &mut salted);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let stored = digest::digest(&digest::SHA256, hmac::sign(&key, b"Client Key").as_ref());
    let server = hmac::sign(&key, b"Server Key");
    let (salt, stored, server) = (STANDARD.encode(salt), STANDARD.encode(stored), STANDARD.encode(server));
    Some(format!("SCRAM-SHA-256${ITERATIONS}:{salt}${stored}:{server}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses password and salt of RFC 7677's example; the keys were computed with Python's hashlib and hmac.
    #[test]
    fn the_verifier_is_the_one_of_the_standards_example() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().try_into().unwrap();
        assert_eq!(
            verifier("pencil", salt).unwrap(),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn passwords_needing_normalisation_have_no_verifier() {
        for password in ["caf\u{e9}", "a\u{a0}b", "tab\there"] {
            assert_eq!(verifier(password, [0; SALT]), None);
        }
    }
}
