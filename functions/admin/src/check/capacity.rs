//! Whether the servers can hold the sessions they are promised to see.

use ports::server::Server;

use super::report::Report;
use crate::context::Settings;

/// Source and store may be one server or two.
pub(super) fn look(
    settings: &Settings,
    store: Option<&Server>,
    source: Option<&Server>,
    report: &mut Report,
) {
    let (b, s) = (i64::from(settings.stored.budget), i64::from(settings.stored.store_sessions));
    match (store, source) {
        (Some(store), Some(source)) if store.started == source.started => {
            judge(source, b + s, &format!("budget {b} and store sessions {s}"), report);
        }
        (store, source) => {
            if let Some(source) = source {
                judge(source, b, &format!("budget {b}"), report);
            }
            if let Some(store) = store {
                judge(store, s, &format!("store sessions {s}"), report);
            }
        }
    }
}

fn judge(server: &Server, ours: i64, what: &str, report: &mut Report) {
    let Server { max_connections, reserved, .. } = server;
    if ours + reserved <= *max_connections {
        report.fine("capacity", format!("{what}, {reserved} reserved, of {max_connections} sessions"));
    } else {
        let text = format!(
            "{what} and {reserved} reserved are more than the {max_connections} sessions of the server"
        );
        report.wrong("capacity", text, "lower Budget or StoreSessions, or raise max_connections");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(max_connections: i64, started: &str) -> Server {
        Server {
            role: "r".into(),
            superuser: false,
            connection_limit: 4,
            max_connections,
            reserved: 3,
            started: started.into(),
            database: "shop".into(),
            standby: false,
            version: "15.3".into(),
        }
    }

    #[test]
    fn one_server_must_hold_both_and_two_each_their_own() {
        let settings = Settings::example();
        let fine = |store: &Server, source: &Server| {
            let mut report = Report::default();
            look(&settings, Some(store), Some(source), &mut report);
            report.is_fine()
        };
        assert!(fine(&server(11, "1"), &server(11, "1")));
        assert!(!fine(&server(10, "1"), &server(10, "1")));
        assert!(fine(&server(10, "1"), &server(10, "2")));
        assert!(!fine(&server(6, "1"), &server(10, "2")));
    }
}
