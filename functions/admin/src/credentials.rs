//! Role and password in a PostgreSQL URL.

/// Error for a URL without credentials. The URL is not shown, since it may contain a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the URL has no role and password; use postgres://role:password@host/database, and percent-encode special characters (%40 for @)"
)]
pub(crate) struct NoCredentials;

/// Returns the decoded role only: with tokens there is no password.
pub(crate) fn role(url: &str) -> Result<String, NoCredentials> {
    let role = decode(user(url)?.split(':').next().unwrap_or_default()).ok_or(NoCredentials)?;
    if role.is_empty() { Err(NoCredentials) } else { Ok(role) }
}

/// Returns role and password, decoded.
pub(crate) fn credentials(url: &str) -> Result<(String, String), NoCredentials> {
    let (role, password) = user(url)?.split_once(':').ok_or(NoCredentials)?;
    let pair = (decode(role).ok_or(NoCredentials)?, decode(password).ok_or(NoCredentials)?);
    if pair.0.is_empty() || pair.1.is_empty() { Err(NoCredentials) } else { Ok(pair) }
}

/// Returns the part of the URL before the `@` of the host.
fn user(url: &str) -> Result<&str, NoCredentials> {
    let (_, rest) = url.split_once("://").ok_or(NoCredentials)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map(|(user, _)| user).ok_or(NoCredentials)
}

/// Decodes percent-encoding (RFC 3986); `None` if the result is not a text that PostgreSQL accepts.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, tail) = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                (u8::try_from(digit(high)? * 16 + digit(low)?).ok()?, tail)
            }
            (b'%', _) => return None,
            (byte, tail) => (*byte, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_is_read_without_a_password() {
        assert_eq!(
            role("postgres://sluice%5Fsource@proxy:5432/shop?sslmode=verify-full").unwrap(),
            "sluice_source"
        );
        assert_eq!(role("postgres://a:b@db/shop").unwrap(), "a");
        for bad in ["postgres://db/shop", "postgres://@db", "a@db", "postgres://a%00@db"] {
            assert_eq!(role(bad), Err(NoCredentials), "{bad}");
        }
    }

    #[test]
    fn role_and_password_are_decoded() {
        let read = |url: &str| credentials(url).map(|(role, password)| format!("{role} {password}"));
        assert_eq!(
            read("postgres://sluice_source:s%40cr%C3%A9t@db:5432/shop?sslmode=require").unwrap(),
            "sluice_source s@crét"
        );
        assert_eq!(read("postgresql://a:b:c@[::1]:5432").unwrap(), "a b:c");
        for bad in [
            "postgres://db/shop",
            "postgres://a@db/shop",
            "postgres://a:@db",
            "a:b@db",
            "postgres://a:%zz@db",
            "postgres://a:%4@db",
            "postgres://a:%00@db",
        ] {
            assert_eq!(read(bad), Err(NoCredentials), "{bad}");
        }
    }
}
