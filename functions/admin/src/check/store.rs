//! The store: reachable, migrated, limited, and with the settings of this deployment.

use export::count::count;
use export::manifest::rfc3339;
use ports::postgres::server::{OLDEST_MAJOR, Server, is_too_old};
use store::{LiveCut, Migration, StoreError, StoreState};

use super::report::CheckReport;
use crate::context::{Context, Settings};
use ports::telemetry::chain;

/// Returns the state of the store, if it could be queried.
pub(super) async fn look(context: &Context, report: &mut CheckReport) -> Option<StoreState> {
    let state = match context.store.state().await {
        Ok(state) => state,
        Err(error @ StoreError::NotMigrated(_)) => {
            report.wrong("store", chain(&error), "run `sluice admin migrate`");
            return None;
        }
        Err(error) => {
            let remedy = "run `sluice admin migrate` if it was never run; otherwise check StoreUrl, the database, its pooler and the network between";
            report.wrong("store", chain(&error), remedy);
            return None;
        }
    };
    judge(&state, &context.settings, report);
    if state.migration == Migration::last().version {
        invariants(context, report).await;
        cut(context, report).await;
    }
    Some(state)
}

/// Reports the snapshot of the source that is held, since it holds back vacuum.
async fn cut(context: &Context, report: &mut CheckReport) {
    match context.store.live_cut().await {
        Ok(None) => {}
        Ok(Some(cut)) => report.fine("source", held(&cut, context.settings.stored.max_cut_minutes)),
        Err(error) => report.wrong("store", chain(&error), "run `sluice admin check` again"),
    }
}

fn held(cut: &LiveCut, minutes: u32) -> String {
    let exports = count(cut.exports, "export");
    match cut.opened_micros {
        Some(at) => format!(
            "a snapshot for {exports} is held since {}, for at most {minutes} min (MaxCutMinutes); vacuum keeps what was deleted since",
            rfc3339(at)
        ),
        None => format!("a snapshot for {exports} is being taken"),
    }
}

fn judge(state: &StoreState, settings: &Settings, report: &mut CheckReport) {
    let (server, last) = (&state.server, Migration::last().version);
    report.fine(
        "store",
        format!("PostgreSQL {}, database {}, as {}", server.version, server.database, server.role),
    );
    supported("store", server, report);
    if state.migration < last {
        report.wrong(
            "store",
            format!("the schema is at migration {}; this version requires {last}", state.migration),
            "run `sluice admin migrate`",
        );
    }
    if state.migration > last {
        let text = format!(
            "the schema is at migration {}, which is newer than {last} of this version",
            state.migration
        );
        report.wrong("store", text, "deploy the version that ran the migration");
    }
    limits("store", server, settings.pooler.role_limit(settings.stored.store_sessions), report);
    for (name, wanted) in settings.stored.rows() {
        let found = state.settings.get(name).map_or("nothing", String::as_str);
        if found != wanted.to_string() {
            report.wrong(
                "settings",
                format!("{name} is {found} in the store, {wanted} in this deployment"),
                "run `sluice admin migrate`",
            );
        }
    }
    let checks = match state.settings.get("checks").map(String::as_str) {
        Some("off") => {
            "checks are off: rows that are not settled are read in every export; `sluice admin checks on` turns them on"
        }
        _ => "checks are on: rows that are not settled are read again only if they may have changed",
    };
    report.fine("settings", checks.to_owned());
    if let Some(since) = state.settings.get("paused_at") {
        report.fine("settings", format!("paused since {since}; run `sluice admin resume` to end the pause"));
    }
}

/// Checks that Sluice supports the version of the server.
pub(super) fn supported(what: &'static str, server: &Server, report: &mut CheckReport) {
    if is_too_old(&server.version) {
        report.wrong(
            what,
            format!("PostgreSQL {} is too old: Sluice needs {OLDEST_MAJOR} or newer", server.version),
            "upgrade the server, or use another one",
        );
    }
}

/// Checks the session limit of a role. Except behind RDS Proxy this limit enforces the budget, so it must be exact.
pub(super) fn limits(what: &'static str, server: &Server, wanted: u32, report: &mut CheckReport) {
    let role = &server.role;
    if server.superuser {
        report.wrong(
            what,
            format!("{role} is a superuser; session limits do not apply to it"),
            "use a role created by `sluice admin migrate`",
        );
    } else if server.connection_limit == i64::from(wanted) {
        report.fine(what, format!("{role} may have {}", count(wanted.into(), "session")));
    } else {
        let found = if server.connection_limit < 0 {
            "unlimited".to_owned()
        } else {
            server.connection_limit.to_string()
        };
        report.wrong(
            what,
            format!("the session limit of {role} is {found} instead of {wanted}"),
            "run `sluice admin migrate`",
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
        Err(error) => report.wrong(
            "invariants",
            chain(&error),
            "run `sluice admin check` again when the store is less busy",
        ),
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
    fn servers_before_14_are_reported() {
        for (version, fine) in [("13.14", false), ("14.0", true)] {
            let mut report = CheckReport::default();
            supported("store", &Server { version: version.into(), ..server(4, false) }, &mut report);
            assert_eq!(report.is_fine(), fine, "{}", report.text());
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
            ("max_rows_per_day", "0"),
            ("max_megabytes_per_day", "0"),
            ("max_database_seconds_per_day", "0"),
            ("max_cut_minutes", "60"),
            ("checks", "off"),
        ];
        let stored = stored.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let state = StoreState { server: server(4, false), migration: 0, settings: stored, in_flight: 0 };
        let mut report = CheckReport::default();
        judge(&state, &settings, &mut report);
        let text = report.text();
        assert!(
            text.contains("at migration 0")
                && text.contains("budget is 3")
                && text.contains("resend_secs is nothing")
                && text.contains("checks are off"),
            "{text}"
        );
        assert_eq!(text.matches("error").count(), 3, "{text}");
    }

    #[test]
    fn checks_are_on_unless_turned_off() {
        for (value, word) in [(None, "on"), (Some("on"), "on"), (Some("off"), "off")] {
            let settings = value.map(|value| ("checks".to_owned(), value.to_owned())).into_iter().collect();
            let state = StoreState { server: server(4, false), migration: 0, settings, in_flight: 0 };
            let mut report = CheckReport::default();
            judge(&state, &Settings::example(), &mut report);
            assert!(report.text().contains(&format!("checks are {word}:")), "{}", report.text());
        }
    }
}
