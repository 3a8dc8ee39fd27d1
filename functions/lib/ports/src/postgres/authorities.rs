//! Authorities that sign the certificates of Amazon RDS, region by region. They are private ones of Amazon's, which no
//! list of public authorities contains.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Certificates of all regions. `certificates/README.md` describes their origin and how to renew them.
const RDS: &str = include_str!("../../certificates/rds.pem");

const END: &str = "-----END CERTIFICATE-----";

/// Returns the region of a database, cluster or proxy by its host name; `None` if RDS did not name the host.
pub(super) fn region(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let found = match host.strip_suffix(".rds.amazonaws.com") {
        Some(rest) => rest.rsplit('.').next(),
        // In China the region is after the service.
        None => host.strip_suffix(".amazonaws.com.cn").and_then(|rest| Some(rest.rsplit_once(".rds.")?.1)),
    };
    found.filter(|region| !region.is_empty()).map(str::to_owned)
}

/// Reports whether the host is an RDS Proxy, whose certificate a public authority signs.
pub(super) fn is_proxy(host: &str) -> bool {
    host.split('.').any(|label| label.to_ascii_lowercase().starts_with("proxy-"))
}

/// Returns the authorities of a region in PEM form; empty if none is known. The driver parses what it is given at each
/// connection, so it is given no other region's.
pub(super) fn of_region(region: &str) -> Vec<u8> {
    let name = format!("Amazon RDS {region} Root CA ");
    let named = |pem: &&str| {
        let der = CertificateDer::from_pem_slice(pem.as_bytes());
        der.is_ok_and(|der| der.windows(name.len()).any(|bytes| bytes == name.as_bytes()))
    };
    RDS.split_inclusive(END).filter(named).flat_map(|pem| pem.bytes().chain([b'\n'])).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use rustls::RootCertStore;

    use super::*;

    fn all() -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(RDS.as_bytes()).collect::<Result<_, _>>().unwrap()
    }

    /// Returns the year in which a certificate expires: the second of its two times. Those from 2050 on have four
    /// digits (RFC 5280, 4.1.2.5).
    fn last_year(certificate: &[u8]) -> u64 {
        let digits = |from: usize, count: usize| {
            let text = std::str::from_utf8(&certificate[from..from + count]).unwrap();
            text.parse::<u64>().unwrap()
        };
        let times = certificate.windows(2).enumerate().filter_map(|(at, tag)| match tag {
            [0x17, 13] if certificate[at + 14] == b'Z' => Some(2000 + digits(at + 2, 2)),
            [0x18, 15] if certificate[at + 16] == b'Z' => Some(digits(at + 2, 4)),
            _ => None,
        });
        times.take(2).last().unwrap()
    }

    #[test]
    fn every_certificate_is_an_authority() {
        let mut store = RootCertStore::empty();
        for certificate in all() {
            store.add(certificate).unwrap();
        }
        assert_eq!(store.len(), RDS.matches(END).count());
        assert_eq!(store.len() % 3, 0, "each region has three");
        for region in ["us-east-1", "eu-central-1", "ap-south-2"] {
            let found = of_region(region);
            assert_eq!(CertificateDer::pem_slice_iter(&found).filter(Result::is_ok).count(), 3, "{region}");
        }
        assert_eq!(of_region("us-east"), b"");
        assert_eq!(of_region("mars-north-1"), b"");
    }

    /// Only warns, because a test that fails at a date would stop the work of people who changed nothing.
    #[test]
    fn expiring_certificates_get_a_warning() {
        let this_year = 1970 + SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 31_556_952;
        let first = all().iter().map(|certificate| last_year(certificate)).min().unwrap();
        assert!(first >= 2061, "{first}: the first that expires was of 2061 when they were added");
        if first <= this_year + 1 {
            println!("warning: a certificate in certificates/rds.pem expires in {first}");
        }
    }

    #[test]
    fn region_is_read_from_the_names_of_rds() {
        for (host, found) in [
            ("shop.c1abcdefghij.us-east-1.rds.amazonaws.com", Some("us-east-1")),
            ("Shop.Cluster-Ro-c1abcdefghij.eu-central-1.RDS.amazonaws.com", Some("eu-central-1")),
            ("sluice.proxy-c1abcdefghij.ap-south-2.rds.amazonaws.com", Some("ap-south-2")),
            ("shop.c1abcdefghij.rds.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("db.example.com", None),
            ("rds.amazonaws.com", None),
            (".rds.amazonaws.com", None),
            ("us-east-1.rds.amazonaws.com.example.com", None),
        ] {
            assert_eq!(region(host).as_deref(), found, "{host}");
        }
        assert!(is_proxy("sluice.proxy-c1abcdefghij.ap-south-2.rds.amazonaws.com"));
        assert!(is_proxy("sluice.endpoint.proxy-c1abcdefghij.ap-south-2.rds.amazonaws.com"));
        assert!(!is_proxy("shop.c1abcdefghij.us-east-1.rds.amazonaws.com"));
    }
}
