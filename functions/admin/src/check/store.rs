//! The store: reachable, migrated, limited, and with the settings of this deployment.

use ports::postgres::server::Server;
use store::{Migration, StoreError, StoreState};

use super::report::CheckReport;
use crate::context::{Context, Settings};
use ports::telemetry::chain;

/// Returns the state of the store, if it could be queried.
pub(super) async fn look(context: &Context, report: &mut CheckReport) -> Option<StoreState> {
    let state = match context.store.state().await {
        Ok(state) => state,
        Err(error @ StoreError::NotMigrated(_)) => {
            report.wrong("store", chain(&error), "run admin migrate");
            return None;
        }
        Err(error) => {
            let remedy = "run admin migrate if it was never run; otherwise check SLUICE_STORE_URL, the database, its pooler and the network between";
            report.wrong("store", chain(&error), remedy);
            return None;
        }
    };
    judge(&state, &context.settings, report);
    if state.migration == Migration::last().version {
        invariants(context, report).await;
    }
    Some(state)
}

fn judge(state: &StoreState, settings: &Settings, report: &mut CheckReport) {
    let (server, last) = (&state.server, Migration::last().version);
    report.fine(
        "store",
        format!("PostgreSQL {}, database {}, as {}", server.version, server.database, server.role),
    );
    if state.migration < last {
        report.wrong(
            "store",
            format!("the schema is at migration {}; this version requires {last}", state.migration),
            "run admin migrate",
        );
    }
    if state.migration > last {
        let text = format!(
            "the schema is at migration {}, which is newer than {last} of this version",
            state.migration
        );
        report.wrong("store", text, "deploy the version that ran the migration");
    }
    limits("store", server, settings.stored.store_sessions, report);
    for (name, wanted) in settings.stored.rows() {
        let found = state.settings.get(name).map_or("nothing", String::as_str);
        if found != wanted.to_string() {
            report.wrong(
                "settings",
                format!("{name} is {found} in the store, {wanted} in this deployment"),
                "run admin migrate",
            );
        }
    }
    if let Some(since) = state.settings.get("paused_at") {
        report.fine("settings", format!("paused since {since}; run admin resume to end the pause"));
    }
}

/// Checks the session limit of a role. This limit enforces the budget, so it must be exact.
pub(super) fn limits(what: &'static str, server: &Server, wanted: u32, report: &mut CheckReport) {
    let role = &server.role;
    if server.superuser {
        report.wrong(
            what,
            format!("{role} is a superuser; session limits do not apply to it"),
            "use a role created by admin migrate",
        );
    } else if server.connection_limit == i64::from(wanted) {
        report.fine(what, format!("{role} may have {wanted} sessions"));
    } else {
        let found = if server.connection_limit < 0 {
            "any number of".to_owned()
        } else {
            server.connection_limit.to_string()
        };
        report.wrong(
            what,
            format!("{role} may have {found} sessions instead of {wanted}"),
            "run admin migrate",
        );
    }
}

/// Checks the invariants of the store. A violation is a bug of Sluice.
async fn invariants(context: &Context, report: &mut CheckReport) {
    match context.store.violations().await {
        Ok(broken) if broken.is_empty() => report.fine("invariants", "no violations"),
        Ok(broken) => {
            for one in broken {
                let remedy = "the sweeper corrects open links and missing turns within a minute; report violations that remain as a bug";
                report.wrong("invariants", one.to_string(), remedy);
            }
        }
        Err(error) => {
            report.wrong("invariants", chain(&error), "run admin check again when the store is less busy")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(connection_limit: i64, superuser: bool) -> Server {
        Server {
            role: "sluice_store".into(),
            superuser,
            connection_limit,
            max_connections: 40,
            reserved: 3,
            started: "1.5".into(),
            database: "shop".into(),
            standby: false,
            version: "15.3".into(),
            database_limit: -1,
            sessions: 5,
            own_sessions: 1,
            sees_others: false,
            aurora: false,
        }
    }

    #[test]
    fn connection_limit_must_be_exact() {
        for (limit, superuser, fine) in
            [(4, false, true), (5, false, false), (-1, false, false), (4, true, false)]
        {
            let mut report = CheckReport::default();
            limits("store", &server(limit, superuser), 4, &mut report);
            assert_eq!(report.is_fine(), fine, "{}", report.text());
        }
    }

    #[test]
    fn settings_differing_from_the_deployment_are_reported() {
        let settings = Settings::example();
        let stored = [
            ("budget", "3"),
            ("store_sessions", "4"),
            ("worker_timeout_secs", "900"),
            ("retention_hours", "168"),
            ("reuse_days", "7"),
            ("max_active_exports", "4"),
            ("max_queued_exports", "1000"),
            ("max_kept_exports", "20000"),
            ("max_kept_chunks", "5000000"),
            ("max_kept_request_megabytes", "256"),
            ("max_chunks_per_minute", "6000"),
        ];
        let stored = stored.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let state = StoreState { server: server(4, false), migration: 0, settings: stored, in_flight: 0 };
        let mut report = CheckReport::default();
        judge(&state, &settings, &mut report);
        let text = report.text();
        assert!(
            text.contains("at migration 0")
                && text.contains("budget is 3")
                && text.contains("resend_secs is nothing"),
            "{text}"
        );
        assert_eq!(text.matches("wrong").count(), 3, "{text}");
    }
}
