//! Connection options from a URL. Servers of Amazon RDS are verified unless the URL says otherwise.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::authorities;

/// Names of the parameter with the protection that a URL requests.
const MODE: [&str; 2] = ["sslmode", "ssl-mode"];
/// Names of the parameter with a file of authorities.
const AUTHORITIES: [&str; 3] = ["sslrootcert", "ssl-root-cert", "ssl-ca"];

/// Reads a URL. To a host of RDS, a URL without `sslmode` means `verify-full`, and one without `sslrootcert` the
/// authorities of Amazon that are built in, besides the public ones.
///
/// # Errors
/// If it is not a PostgreSQL URL.
pub fn read(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    let mut options = PgConnectOptions::from_str(url)?;
    let Some(region) = authorities::region(options.get_host()) else { return Ok(options) };
    if !has(url, &MODE) {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    let found = if has(url, &AUTHORITIES) { Vec::new() } else { authorities::of_region(&region) };
    Ok(if found.is_empty() { options } else { options.ssl_root_cert_from_pem(found) })
}

/// Returns the region of a server that cannot be verified because no authority of that region is built in and the URL
/// names none; otherwise `None`.
pub fn unknown_region(url: &str) -> Option<String> {
    let options = read(url).ok()?;
    let region = authorities::region(options.get_host())?;
    let verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    let is_known = authorities::is_proxy(options.get_host())
        || has(url, &AUTHORITIES)
        || !authorities::of_region(&region).is_empty();
    (verified && !is_known).then_some(region)
}

/// Reports whether a URL sets a parameter, by any of its names.
fn has(url: &str, names: &[&str]) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    query.split('&').any(|pair| names.contains(&pair.split('=').next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "shop.c1abcdefghij.us-east-1.rds.amazonaws.com";

    fn mode(url: &str) -> String {
        format!("{:?}", read(url).unwrap().get_ssl_mode())
    }

    #[test]
    fn servers_of_rds_are_verified_by_default() {
        assert_eq!(mode(&format!("postgres://a:b@{HOST}/shop")), "VerifyFull");
        assert_eq!(mode(&format!("postgres://a:b@{HOST}/shop?application_name=x")), "VerifyFull");
        assert_eq!(mode(&format!("postgres://a:b@{HOST}/shop?sslmode=require")), "Require");
        assert_eq!(mode(&format!("postgres://a:b@{HOST}/shop?x=1&ssl-mode=prefer")), "Prefer");
        assert_eq!(mode("postgres://a:b@db.example.com/shop"), "Prefer");
        assert!(read("nonsense").is_err());
    }

    #[test]
    fn authorities_are_those_of_the_region_unless_a_file_is_named() {
        let shown = |url: &str| format!("{:?}", read(url).unwrap());
        assert!(shown(&format!("postgres://a:b@{HOST}/shop")).contains("ssl_root_cert: Some(Inline"));
        assert!(shown(&format!("postgres://a:b@{HOST}/shop?sslrootcert=own.pem")).contains("own.pem"));
        assert!(shown("postgres://a:b@db.example.com/shop").contains("ssl_root_cert: None"));
    }

    #[test]
    fn regions_without_a_built_in_authority_are_reported() {
        let of = |rest: &str| unknown_region(&format!("postgres://a:b@{rest}"));
        assert_eq!(of("shop.c1.mars-1.rds.amazonaws.com/shop").as_deref(), Some("mars-1"));
        assert_eq!(of("shop.c1.mars-1.rds.amazonaws.com/shop?sslmode=require"), None);
        assert_eq!(of("shop.c1.mars-1.rds.amazonaws.com/shop?sslrootcert=own.pem"), None);
        assert_eq!(of("sluice.proxy-c1.mars-1.rds.amazonaws.com/shop"), None);
        assert_eq!(of(HOST), None);
        assert_eq!(of("db.example.com/shop?sslmode=verify-full"), None);
    }
}
