//! Text form of a key: `slc_<id>_<secret><sum>`.
//!
//! The sum is the CRC32 of everything before it, as six characters of base 62. It distinguishes a key from text that
//! only looks similar, for secret scanners and for the api, which rejects a mistyped key without a query. It has no
//! security function.

const PREFIX: &str = "slc_";
/// Number of characters of the sum.
const SUM: usize = 6;
/// Number of characters of a secret that is followed by a sum: 32 bytes in hexadecimal.
const SECRET: usize = 64;
/// Lengths of a secret without a sum, as in keys of earlier releases: 32 random bytes are 43 characters in base 62.
const BARE_SECRET: std::ops::RangeInclusive<usize> = 43..=64;
const ID: std::ops::RangeInclusive<usize> = 8..=32;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Composes a key from its id and the 64 characters of its secret.
pub fn write(id: &str, secret: &str) -> String {
    let key = format!("{PREFIX}{id}_{secret}");
    let sum = checksum(key.as_bytes());
    key + &sum
}

/// Splits a key into its id and its secret. Returns `None` if it has another form or a wrong sum.
pub fn read(key: &str) -> Option<(&str, &str)> {
    let (id, rest) = key.strip_prefix(PREFIX)?.split_once('_')?;
    let id_fits = ID.contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !id_fits || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    if BARE_SECRET.contains(&rest.len()) {
        return Some((id, rest));
    }
    let (secret, sum) = rest.split_at_checked(SECRET)?;
    let before = key.len() - SUM;
    (sum.len() == SUM && checksum(&key.as_bytes()[..before]) == sum).then_some((id, secret))
}

/// Returns the CRC32 (ISO 3309) in base 62, most significant digit first.
fn checksum(text: &[u8]) -> String {
    let mut crc = u32::MAX;
    for byte in text {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let mut rest = !crc as usize;
    let mut digits = [b'0'; SUM];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[rest % 62];
        rest /= 62;
    }
    String::from_utf8_lossy(&digits).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET_TEXT: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn key_checksum_is_crc32_in_base_62() {
        // The check value of CRC-32 is 0xCBF43926 = 3,421,780,262.
        let value = checksum(b"123456789").bytes().fold(0_u64, |value, digit| {
            value * 62 + BASE62.iter().position(|one| *one == digit).unwrap() as u64
        });
        assert_eq!(value, 0xCBF4_3926);
    }

    #[test]
    fn written_key_is_read_and_mistyped_keys_are_refused() {
        let key = write("abcd1234", SECRET_TEXT);
        assert_eq!(key.len(), "slc_abcd1234_".len() + 70);
        assert_eq!(read(&key), Some(("abcd1234", SECRET_TEXT)));
        for at in "slc_".len()..key.len() {
            let mut slip = key.clone().into_bytes();
            slip[at] = if slip[at] == b'7' { b'8' } else { b'7' };
            assert_eq!(read(std::str::from_utf8(&slip).unwrap()), None, "at {at}");
        }
        assert_eq!(read(&key[..key.len() - 1]), None);
        assert_eq!(read(&format!("{key}0")), None);
    }

    #[test]
    fn older_keys_without_checksum_are_read() {
        for secret in [SECRET_TEXT, &SECRET_TEXT[..43]] {
            assert_eq!(read(&format!("slc_abcd1234_{secret}")), Some(("abcd1234", secret)));
        }
        for bad in ["slc_abcd1234_", "slc_abcd1234", "slc_ABCD1234_x", ""] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(&format!("slc_abcd1234_{}", &SECRET_TEXT[..42])), None);
        assert_eq!(read(&format!("slc_abcd1234_{SECRET_TEXT}0")), None);
    }
}
