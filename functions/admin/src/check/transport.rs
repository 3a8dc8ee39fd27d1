//! Check that passwords and rows are protected on the network between Sluice and the databases.

use ports::postgres::login::Transport;
use ports::postgres::options::unknown_region;

use super::report::CheckReport;
use crate::context::Settings;

/// Checks the URLs. Connections that do not leave the machine are not reported.
pub(super) fn look(settings: &Settings, report: &mut CheckReport) {
    let urls = [
        ("store", "StoreUrl", Some(&settings.store_url), &settings.store_login),
        ("source", "SourceUrl", Some(&settings.source_url), &settings.source_login),
        ("owner", "OwnerUrl", settings.owner_url.as_ref(), &settings.owner_login),
    ];
    for (of, parameter, url, login) in urls {
        // A URL that cannot be parsed has already been reported.
        let Some(url) = url else { continue };
        let Some(transport) = Transport::of(url, login) else { continue };
        if let Some(region) = unknown_region(url) {
            report.warn(
                "tls",
                format!("the {of}'s URL wants its server verified, but no certificate of RDS in {region} is built in"),
                format!("add the certificates of {region} as described in functions/lib/ports/certificates/README.md, or sslrootcert to {parameter}"),
            );
            continue;
        }
        match transport {
            Transport::Loopback => {}
            Transport::Plain => report.warn(
                "tls",
                format!("the {of}'s URL allows connections without TLS: passwords and rows can be read in transit"),
                format!("add sslmode=require to {parameter}, or verify-full if the server's certificate authority is known"),
            ),
            Transport::Encrypted => {
                report.fine("tls", format!("connections to the {of} are encrypted; the server certificate is not verified"));
            }
            Transport::Verified => {
                report.fine("tls", format!("connections to the {of} are encrypted, and the server certificate is verified"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ports::postgres::login::Login;

    use super::*;

    #[test]
    fn remote_urls_without_tls_get_a_warning() {
        let said = |store: &str, source: &str, owner: Option<&str>, login: Login| {
            let settings = Settings {
                store_url: format!("postgres://a:b@{store}"),
                source_url: format!("postgres://a:b@{source}"),
                owner_url: owner.map(|owner| format!("postgres://a:b@{owner}")),
                source_login: login.clone(),
                store_login: login,
                ..Settings::example()
            };
            let mut report = CheckReport::default();
            look(&settings, &mut report);
            (report.warnings(), report.text())
        };
        let (warnings, text) = said(
            "db.example.com/x?sslmode=require",
            "db.example.com/x",
            Some("10.1.1.1/x?sslmode=disable"),
            Login::Password,
        );
        assert_eq!(warnings, 2, "{text}");
        assert!(text.contains("the source's URL") && text.contains("sslmode=require to OwnerUrl"), "{text}");
        let (warnings, text) = said("127.0.0.1/x", "localhost/x?sslmode=disable", None, Login::Password);
        assert_eq!((warnings, text.as_str()), (0, ""));
        let (warnings, text) = said(
            "s.c1.mars-1.rds.amazonaws.com/x",
            "s.c1.eu-west-1.rds.amazonaws.com/x",
            None,
            Login::Password,
        );
        assert!(warnings == 1 && text.contains("no certificate of RDS in mars-1 is built in"), "{text}");
        // A token is never sent without TLS, whatever the URL contains.
        assert_eq!(said("proxy/x", "proxy/x", None, Login::Iam).0, 0);
    }
}
