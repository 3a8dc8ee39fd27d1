//! Check that passwords and rows are protected on the network between Sluice and the databases.

use ports::postgres::login::{Login, Transport};

use super::report::CheckReport;
use crate::context::Settings;

/// Checks the URLs. Connections that do not leave the machine are not reported.
pub(super) fn look(settings: &Settings, report: &mut CheckReport) {
    let urls = [
        ("store", "StoreUrl", Some(&settings.store_url), settings.login),
        ("source", "SourceUrl", Some(&settings.source_url), settings.login),
        ("owner", "OwnerUrl", settings.owner_url.as_ref(), Login::Password),
    ];
    for (of, parameter, url, login) in urls {
        // A URL that cannot be parsed has already been reported.
        let Some(transport) = url.and_then(|url| Transport::of(url, login)) else { continue };
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
    use super::*;

    #[test]
    fn remote_urls_without_tls_get_a_warning() {
        let said = |store: &str, source: &str, owner: Option<&str>, login| {
            let settings = Settings {
                store_url: format!("postgres://a:b@{store}"),
                source_url: format!("postgres://a:b@{source}"),
                owner_url: owner.map(|owner| format!("postgres://a:b@{owner}")),
                login,
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
        // A token is never sent without TLS, whatever the URL contains.
        assert_eq!(said("proxy/x", "proxy/x", None, Login::Iam).0, 0);
    }
}
