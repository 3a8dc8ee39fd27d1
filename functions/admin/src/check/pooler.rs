//! Check that the parameter `Pooler` is true: a pooler accepts more idle connections than the role may have sessions,
//! a server does not.

use ports::postgres::capacity::{IdleConnections, IdleEnd};
use ports::postgres::pooler::Pooler;

use super::report::CheckReport;
use crate::context::Context;

/// Opens one idle connection to the store more than its role may have sessions, and closes all.
pub(super) async fn look(context: &Context, report: &mut CheckReport) {
    let (pooler, sessions) = (context.settings.pooler, context.settings.stored.store_sessions);
    let wanted = pooler.role_limit(sessions).saturating_add(1);
    // A login that fails is reported by the check of the sessions.
    if let Ok(found) = context.store.idle_connections(wanted).await {
        judge(pooler, sessions, found, report);
    }
}

fn judge(pooler: Pooler, sessions: u32, found: IdleConnections, report: &mut CheckReport) {
    let IdleConnections { requested, opened, end } = found;
    let (name, proves) = (pooler.name(), requested > pooler.role_limit(sessions));
    match (pooler, end) {
        (_, IdleEnd::Failed) => report.warn(
            "pooler",
            format!("only {opened} of {requested} idle connections to the store could be opened, so Pooler={name} was not verified"),
            "run admin check again; if it persists, let the pooler accept more clients (PgBouncer: max_client_conn)",
        ),
        (Pooler::None, IdleEnd::NoSession) => report.fine(
            "pooler",
            format!("none, as deployed: {opened} connections to the store are {opened} sessions, and one more is refused"),
        ),
        (Pooler::Own | Pooler::Proxy, IdleEnd::NoSession) => report.wrong(
            "pooler",
            format!("Pooler={name}, but each connection to the store is a session: after {opened} one more is refused"),
            "deploy with Pooler=none and StoreSessions of at least Budget + 10, or with the address of the pooler in StoreUrl",
        ),
        (_, IdleEnd::AllOpen) if !proves => report.fine(
            "pooler",
            format!("{opened} idle connections to the store can be open; more were not tried, so Pooler={name} was not verified"),
        ),
        (Pooler::Own | Pooler::Proxy, IdleEnd::AllOpen) => report.fine(
            "pooler",
            format!("{name}, as deployed: {opened} idle connections to the store share the sessions of its role"),
        ),
        (Pooler::None, IdleEnd::AllOpen) => report.warn(
            "pooler",
            format!("Pooler=none, but {opened} idle connections to the store can be open, more than its role may have sessions"),
            "if StoreUrl names a pooler in transaction mode, deploy with Pooler=own, which keeps connections; otherwise run admin migrate, which sets the limit of the role",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pooler: Pooler, sessions: u32, found: (u32, u32, IdleEnd)) -> (bool, usize, String) {
        let mut report = CheckReport::default();
        let (requested, opened, end) = found;
        judge(pooler, sessions, IdleConnections { requested, opened, end }, &mut report);
        (report.is_fine(), report.warnings(), report.text())
    }

    #[test]
    fn parameter_and_idle_connections_must_agree() {
        use IdleEnd::{AllOpen, NoSession};
        let (fine, warnings, text) = said(Pooler::None, 16, (17, 16, NoSession));
        assert!(fine && warnings == 0 && text.contains("none, as deployed: 16 connections"), "{text}");
        let (fine, warnings, text) = said(Pooler::None, 16, (17, 17, AllOpen));
        assert!(fine && warnings == 1 && text.contains("deploy with Pooler=own"), "{text}");
        for (pooler, wanted) in [(Pooler::Own, 5), (Pooler::Proxy, 13)] {
            let (fine, warnings, text) = said(pooler, 4, (wanted, wanted, AllOpen));
            let expected = format!("{wanted} idle connections to the store share");
            assert!(fine && warnings == 0 && text.contains(&expected), "{text}");
            let (fine, _, text) = said(pooler, 4, (wanted, wanted - 1, NoSession));
            assert!(!fine && text.contains("deploy with Pooler=none and StoreSessions"), "{text}");
        }
    }

    #[test]
    fn what_was_not_seen_is_not_claimed() {
        for pooler in [Pooler::None, Pooler::Own, Pooler::Proxy] {
            let (fine, warnings, text) = said(pooler, 100, (65, 65, IdleEnd::AllOpen));
            assert!(fine && warnings == 0 && text.contains("was not verified"), "{text}");
            let (fine, warnings, text) = said(pooler, 4, (13, 3, IdleEnd::Failed));
            assert!(fine && warnings == 1 && text.contains("max_client_conn"), "{text}");
        }
    }
}
