//! The source: reachable with the source role, limited, and with the settings that determine the bytes of files.

use std::time::Duration;

use export::count::count;
use ports::postgres::quote::identifier;
use ports::postgres::server::Server;
use source::{Inspector, SourceError};
use store::source_settings;

use super::report::CheckReport;
use super::store::{limits, supported};
use super::{source_log, source_role};
use crate::context::{Context, SESSION_TIMEOUT};
use crate::credentials::role;
use crate::failure::Failure;

/// Returns the source's server and the name of its database, if it could be queried.
pub(super) async fn look(context: &Context, report: &mut CheckReport) -> Option<(Server, String)> {
    match ask(context, report).await {
        Ok(found) => Some(found),
        Err(error) => {
            let remedy = "run `sluice admin migrate` if it was never run; otherwise check SourceUrl, the database, its pooler and the network between";
            report.wrong("source", Failure::Source(error).text(), remedy);
            None
        }
    }
}

async fn ask(context: &Context, report: &mut CheckReport) -> Result<(Server, String), SourceError> {
    let mut inspector = context.source.inspector(SESSION_TIMEOUT).await?;
    let server = inspector.server().await?;
    let name = inspector.source_name().await?;
    let standby = if server.standby { ", a standby" } else { "" };
    report.fine(
        "source",
        format!("PostgreSQL {}, database {}, as {}{standby}", server.version, server.database, server.role),
    );
    supported("source", &server, report);
    let settings = &context.settings;
    let limit = settings.pooler.role_limit(settings.stored.budget);
    match role(&settings.source_url) {
        Ok(named) if named != server.role => foreign(&server, &named, limit, report),
        _ => limits("source", &server, limit, report),
    }
    let wrong = differing(&mut inspector, context.settings.stored.worker_timeout_secs).await?;
    if wrong.is_empty() {
        report.fine("source", format!("{} has the settings that the files depend on", server.role));
    } else {
        let text = format!("settings of {} differ: {}", server.role, wrong.join(", "));
        report.wrong("source", text, "run `sluice admin migrate`; a running pooler must open new sessions");
    }
    source_role::look(&mut inspector, report).await?;
    let open = inspector.open_since().await?;
    source_log::look(&mut inspector, &server.role, report).await?;
    inspector.close().await;
    watched(&server, context.settings.max_active_sessions, report);
    reader_of_aurora(&server, report);
    settling(&server, open, report);
    Ok((server, name))
}

/// Checks the session limit of a role that is not the one in SourceUrl, because the pooler logs in with another one.
/// `migrate` does not create or change such a role, so its limit is optional: the pooler keeps the budget.
fn foreign(server: &Server, named: &str, limit: u32, report: &mut CheckReport) {
    let role = &server.role;
    if !server.superuser && server.connection_limit == i64::from(limit) {
        report.fine("source", format!("{role} may have {}", count(limit.into(), "session")));
        return;
    }
    let keeps = format!(
        "the pooler logs in as {role} for {named}, and it alone keeps the limit of {}",
        count(limit.into(), "session")
    );
    let remedy = if server.superuser {
        "no limit of PostgreSQL applies to a superuser: let the pooler log in with another role".to_owned()
    } else {
        format!(
            "to have PostgreSQL enforce it, if no other program uses this role: alter role {} connection limit {limit}",
            identifier(role)
        )
    };
    report.warn("source", keeps, remedy);
}

/// Warns if the limit of active sessions has no effect because the role cannot see them.
fn watched(server: &Server, max_active_sessions: u32, report: &mut CheckReport) {
    let role = &server.role;
    match max_active_sessions {
        0 => {}
        limit if server.sees_others => {
            report.fine("load", format!("no chunk starts while more than {limit} other sessions are active"));
        }
        limit => report.wrong(
            "load",
            format!("MaxActiveSessions is {limit}, but {role} cannot see active sessions, so the limit has no effect"),
            format!("run `sluice admin migrate`, or as a role that may: grant pg_read_all_stats to {}", identifier(role)),
        ),
    }
}

/// Age of an open transaction from which a warning is given: nothing that began after it counts as settled.
const LONG_OPEN: Duration = Duration::from_secs(3_600);

/// Reports the oldest open transaction, if it is known. Settledness depends on it.
fn settling(server: &Server, open: Option<Duration>, report: &mut CheckReport) {
    match open {
        Some(open) if open >= LONG_OPEN => report.warn(
            "source",
            format!(
                "a transaction has been open for {} minutes (prepared transactions count as one day older): rows written since then are not settled, so every export reads them again",
                open.as_secs() / 60
            ),
            "check pg_stat_activity (xact_start) and pg_prepared_xacts, and end abandoned transactions",
        ),
        Some(_) => report.fine("source", "open transactions are visible, so settled rows do not depend on settle_after alone"),
        None if server.standby => report.fine(
            "source",
            "a standby does not see the transactions of its primary: settle_after must be longer than the longest writing transaction",
        ),
        None => report.warn(
            "source",
            format!("{} cannot see open transactions: settle_after must be longer than the longest writing transaction", server.role),
            format!("run `sluice admin migrate`, or as a role that may: grant pg_read_all_stats to {} (and leave track_activities on)", identifier(&server.role)),
        ),
    }
}

/// Warns about a reader of Aurora, which cannot report the time up to which it shows commits.
fn reader_of_aurora(server: &Server, report: &mut CheckReport) {
    if server.standby && server.aurora {
        report.warn(
            "source",
            "an Aurora reader does not report how far it has applied its writer's commits: files are correct, but no chunk is reused, and MaxReplicaLagSeconds has no effect",
            "to reuse chunks, read from the writer: ReadFromReader=false",
        );
    }
}

async fn differing(inspector: &mut Inspector, worker_timeout_secs: u32) -> Result<Vec<String>, SourceError> {
    let mut wrong = Vec::new();
    for (name, wanted) in source_settings() {
        let found = inspector.setting(name).await?.unwrap_or_default();
        if !equal(name, &found, wanted) {
            wrong.push(format!("{name} is {found} instead of {wanted}"));
        }
    }
    if inspector.setting("statement_timeout").await?.is_none_or(|found| found == "0") {
        wrong.push("statement_timeout is not set".to_owned());
    }
    // Servers without this setting have no such row.
    let ending = format!(
        "select 'transaction_timeout is ' || setting || ' ms, shorter than WorkerTimeoutSeconds' from pg_catalog.pg_settings \
         where name = 'transaction_timeout' and setting::bigint between 1 and {}",
        u64::from(worker_timeout_secs) * 1000
    );
    wrong.extend(inspector.texts(&ending).await?.into_iter().flatten().flatten());
    Ok(wrong)
}

/// Compares a setting with its expected value. `datestyle` also contains an order of day and month, which has no
/// effect in the ISO style.
fn equal(name: &str, found: &str, wanted: &str) -> bool {
    found == wanted || (name == "datestyle" && found.split(',').next() == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::super::capacity::tests::server;
    use super::*;

    #[test]
    fn limit_of_a_foreign_role_is_its_owners_choice() {
        let said = |server: Server| {
            let mut report = CheckReport::default();
            foreign(&server, "sluice_source", 4, &mut report);
            assert!(report.is_fine(), "the pooler keeps the limit: {}", report.text());
            (report.warnings(), report.text())
        };
        assert_eq!(said(server(40, "1")).0, 0);
        let (warnings, text) = said(Server { connection_limit: -1, ..server(40, "1") });
        assert!(warnings == 1 && text.contains("logs in as r for sluice_source"), "{text}");
        assert!(text.contains("alter role \"r\" connection limit 4") && !text.contains("migrate"), "{text}");
        assert!(said(Server { superuser: true, ..server(40, "1") }).1.contains("another role"));
    }

    #[test]
    fn aurora_reader_gets_a_warning() {
        let warned = |standby, aurora| {
            let mut report = CheckReport::default();
            reader_of_aurora(&Server { standby, aurora, ..server(40, "1") }, &mut report);
            report.warnings()
        };
        assert_eq!([warned(false, true), warned(true, false), warned(true, true)], [0, 0, 1]);
    }

    #[test]
    fn hidden_or_long_transactions_get_a_warning() {
        let said = |standby, open| {
            let mut report = CheckReport::default();
            settling(&Server { standby, ..server(40, "1") }, open, &mut report);
            (report.warnings(), report.text())
        };
        let (warnings, text) = said(false, None);
        assert!(warnings == 1 && text.contains("grant pg_read_all_stats to \"r\""), "{text}");
        assert_eq!(said(true, None).0, 0);
        assert_eq!(said(false, Some(Duration::ZERO)).0, 0);
        let (warnings, text) = said(false, Some(Duration::from_secs(7_200)));
        assert!(warnings == 1 && text.contains("open for 120 minutes"), "{text}");
    }

    #[test]
    fn load_limit_needs_pg_read_all_stats() {
        let said = |limit, sees_others| {
            let mut report = CheckReport::default();
            watched(&Server { sees_others, ..server(40, "1") }, limit, &mut report);
            (report.is_fine(), report.text())
        };
        assert_eq!(said(0, false), (true, String::new()));
        assert!(said(20, true).0);
        let (fine, text) = said(20, false);
        assert!(!fine && text.contains("grant pg_read_all_stats to \"r\""), "{text}");
    }

    #[test]
    fn settings_are_compared_as_postgresql_shows_them() {
        assert!(equal("datestyle", "ISO, MDY", "ISO"));
        assert!(!equal("datestyle", "German, DMY", "ISO"));
        assert!(!equal("timezone", "Europe/Berlin", "UTC"));
    }
}
