//! Protection of connections in transit, as configured by a URL.

use std::net::IpAddr;

use sqlx::postgres::PgSslMode;

use super::Login;
use crate::postgres::options;

/// Protection between a process and a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Not needed: the connection stays on this machine.
    Loopback,
    /// Possibly none: without TLS if the server, or an attacker in between, requests it.
    Plain,
    /// TLS, without verification of the server.
    Encrypted,
    /// TLS, with a verified certificate.
    Verified,
}

impl Transport {
    /// Reads it from a URL and the login method; `None` if the text is not a URL.
    pub fn of(url: &str, login: &Login) -> Option<Self> {
        let options = options::read(url).ok()?;
        let host = options.get_host();
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        Some(match options.get_ssl_mode() {
            _ if matches!(login, Login::Iam) => Self::Verified,
            PgSslMode::VerifyCa | PgSslMode::VerifyFull => Self::Verified,
            PgSslMode::Require => Self::Encrypted,
            _ if here => Self::Loopback,
            PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => Self::Plain,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_without_tls_settings_is_not_protected() {
        let of = |rest: &str| Transport::of(&format!("postgres://a:b@{rest}"), &Login::Password).unwrap();
        assert_eq!(of("db.example.com/shop"), Transport::Plain);
        assert_eq!(of("db.example.com/shop?sslmode=prefer"), Transport::Plain);
        assert_eq!(of("10.0.0.7/shop?sslmode=disable"), Transport::Plain);
        assert_eq!(of("127.0.0.1:5433/shop?sslmode=disable"), Transport::Loopback);
        assert_eq!(of("localhost/shop"), Transport::Loopback);
        assert_eq!(of("db.example.com/shop?sslmode=require"), Transport::Encrypted);
        assert_eq!(of("db.example.com/shop?sslmode=verify-full"), Transport::Verified);
        assert_eq!(of("shop.c1.eu-west-1.rds.amazonaws.com/shop"), Transport::Verified);
        assert_eq!(Transport::of("postgres://a@proxy/shop", &Login::Iam), Some(Transport::Verified));
        assert_eq!(Transport::of("db.example.com/shop", &Login::Password), None);
    }
}
