//! Check that the servers have capacity for the configured sessions.

use ports::postgres::server::Server;

use super::report::CheckReport;
use crate::context::Settings;

/// Checks the session limits of the servers. Source and store may be one server or two, one database or two.
pub(super) fn look(
    settings: &Settings,
    store: Option<&Server>,
    source: Option<&Server>,
    report: &mut CheckReport,
) {
    let (b, s) = (i64::from(settings.stored.budget), i64::from(settings.stored.store_sessions));
    match (store, source) {
        (Some(store), Some(source)) if store.started == source.started => {
            let others = source.sessions - source.own_sessions - store.own_sessions;
            let what = format!("budget {b} and store sessions {s}");
            judge(source, b + s, others, &what, report);
            if store.database == source.database {
                judge_database(source, b + s, &what, report);
            } else {
                judge_database(source, b, &format!("budget {b}"), report);
                judge_database(store, s, &format!("store sessions {s}"), report);
            }
        }
        (store, source) => {
            let mine = [(source, b, format!("budget {b}")), (store, s, format!("store sessions {s}"))];
            for (server, ours, what) in mine {
                if let Some(server) = server {
                    judge(server, ours, server.sessions - server.own_sessions, &what, report);
                    judge_database(server, ours, &what, report);
                }
            }
        }
    }
}

fn judge(server: &Server, ours: i64, others: i64, what: &str, report: &mut CheckReport) {
    let Server { max_connections, reserved, .. } = server;
    if ours + reserved > *max_connections {
        let text = format!(
            "{what} and {reserved} reserved are more than the {max_connections} sessions of the server"
        );
        report.wrong("capacity", text, "lower Budget or StoreSessions, or raise max_connections");
    } else if ours + reserved + others > *max_connections {
        let text = format!(
            "{what}, {reserved} reserved and {others} other sessions open now are more than the {max_connections} sessions of the server"
        );
        let remedy =
            "lower Budget or StoreSessions, raise max_connections, or give the other clients a smaller pool";
        report.wrong("capacity", text, remedy);
    } else {
        let text =
            format!("{what}, {reserved} reserved and {others} other sessions open now, of {max_connections}");
        report.fine("capacity", text);
    }
}

/// Checks the session limit of the database, if it has one.
fn judge_database(server: &Server, ours: i64, what: &str, report: &mut CheckReport) {
    let Server { database, database_limit, .. } = server;
    if (0..ours).contains(database_limit) {
        let text =
            format!("{what} are more than the {database_limit} sessions that database {database} may have");
        let remedy = format!(
            "lower Budget or StoreSessions, or as its owner: alter database {database} connection limit {ours} or more"
        );
        report.wrong("capacity", text, remedy);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::check) fn server(max_connections: i64, started: &str) -> Server {
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
            database_limit: -1,
            sessions: 2,
            own_sessions: 1,
            sees_others: false,
            aurora: false,
        }
    }

    fn said(store: &Server, source: &Server) -> (bool, String) {
        let mut report = CheckReport::default();
        look(&Settings::example(), Some(store), Some(source), &mut report);
        (report.is_fine(), report.text())
    }

    #[test]
    fn server_capacity_covers_each_role_it_serves() {
        let fine = |store: &Server, source: &Server| said(store, source).0;
        assert!(fine(&server(11, "1"), &server(11, "1")));
        assert!(!fine(&server(10, "1"), &server(10, "1")));
        assert!(fine(&server(10, "1"), &server(10, "2")));
        assert!(!fine(&server(6, "1"), &server(10, "2")));
        assert!(!fine(&server(10, "1"), &server(6, "2")));
    }

    #[test]
    fn sessions_of_others_reduce_the_capacity() {
        let crowded = Server { sessions: 35, ..server(40, "1") };
        let (fine, text) = said(&crowded, &crowded);
        assert!(!fine && text.contains("33 other sessions") && text.contains("smaller pool"), "{text}");
        assert!(said(&server(40, "1"), &server(40, "1")).0);
    }

    #[test]
    fn connection_limit_of_the_database_is_checked() {
        let limited =
            |limit, name: &str| Server { database_limit: limit, database: name.into(), ..server(40, "1") };
        let (fine, text) = said(&limited(7, "shop"), &limited(7, "shop"));
        assert!(!fine && text.contains("alter database shop connection limit 8"), "{text}");
        assert!(said(&limited(8, "shop"), &limited(8, "shop")).0);
        assert!(said(&limited(4, "store"), &limited(4, "shop")).0, "each holds its own");
        assert!(!said(&limited(3, "store"), &limited(4, "shop")).0);
    }
}
