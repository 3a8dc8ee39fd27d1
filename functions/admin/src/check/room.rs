//! Check that the configured number of sessions can be opened: through the pooler, within the limits of the roles,
//! and at the server.

use ports::room::{Beyond, Room};
use ports::store::StoreState;

use super::report::Report;
use crate::context::Context;

/// Opens all sessions for a moment and closes them. The source is skipped while chunks are read from it.
pub(super) async fn look(
    context: &Context,
    state: Option<&StoreState>,
    source_answers: bool,
    report: &mut Report,
) {
    let stored = &context.settings.stored;
    let Some(state) = state else { return };
    if source_answers && state.in_flight == 0 {
        match context.source.room(stored.budget).await {
            Ok(room) => judge("source", "Budget", stored.budget, room, report),
            Err(error) => no_login("source", &error, report),
        }
    } else if source_answers {
        report.fine(
            "pool",
            format!("{} chunks are in flight, so the source's sessions were not counted", state.in_flight),
        );
    }
    match context.store.room(stored.store_sessions).await {
        Ok(room) => judge("store", "StoreSessions", stored.store_sessions, room, report),
        Err(error) => no_login("store", &error, report),
    }
}

fn no_login(of: &str, error: &dyn std::error::Error, report: &mut Report) {
    report.wrong(
        "pool",
        format!("login to the {of} failed: {}", ports::telemetry::chain(error)),
        "give the function a role with rds-db:connect, or deploy with DatabaseAuth=password",
    );
}

fn judge(of: &str, parameter: &str, promised: u32, room: Room, report: &mut Report) {
    let Room { wanted, got, beyond } = room;
    let counted = if wanted < promised { format!("{wanted} of {promised}") } else { promised.to_string() };
    match beyond {
        _ if got < wanted => {
            let (how, remedy) = match beyond {
                Beyond::Refused => ("refused", "the server allows no more for this role: see the lines on limits and capacity, and"),
                Beyond::Waits | Beyond::Given => ("kept waiting", "the pooler allows no more: raise its pool for this role"),
            };
            report.wrong(
                "pool",
                format!("only {got} sessions to the {of} can be open at once instead of {wanted} ({parameter}); one more is {how}"),
                match beyond {
                    Beyond::Refused => format!("{remedy} check who else uses the role; or lower {parameter}"),
                    Beyond::Waits | Beyond::Given => {
                        format!("{remedy} (PgBouncer: pool_size; RDS Proxy: MaxConnectionsPercent) to {promised}, or lower {parameter}")
                    }
                },
            );
        }
        Beyond::Given if wanted == promised => report.wrong(
            "pool",
            format!("more than {promised} sessions to the {of} can be open at once ({parameter}): no limit is enforced"),
            "run admin migrate, which sets the limit of the role",
        ),
        Beyond::Waits => report.fine("pool", format!("{counted} sessions to the {of} can be open at once; one more waits")),
        Beyond::Refused => report.fine("pool", format!("{counted} sessions to the {of} can be open at once; one more is refused and retried")),
        Beyond::Given => report.fine("pool", format!("{counted} sessions to the {of} can be open at once; more were not tried")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(promised: u32, wanted: u32, got: u32, beyond: Beyond) -> (bool, String) {
        let mut report = Report::default();
        judge("source", "Budget", promised, Room { wanted, got, beyond }, &mut report);
        (report.is_fine(), report.text())
    }

    #[test]
    fn too_small_pool_is_reported_with_a_remedy() {
        let (fine, text) = said(5, 5, 3, Beyond::Waits);
        assert!(
            !fine
                && text.contains("only 3 sessions to the source can be open at once instead of 5")
                && text.contains("pool_size"),
            "{text}"
        );
        let (fine, text) = said(5, 5, 3, Beyond::Refused);
        assert!(!fine && text.contains("refused") && text.contains("lower Budget"), "{text}");
    }

    #[test]
    fn unenforced_limit_is_reported() {
        let (fine, text) = said(5, 5, 5, Beyond::Given);
        assert!(!fine && text.contains("more than 5") && text.contains("admin migrate"), "{text}");
        assert!(said(100, 64, 64, Beyond::Given).0, "beyond what is measured nothing is known");
    }

    #[test]
    fn exact_limit_may_wait_or_refuse() {
        assert!(said(5, 5, 5, Beyond::Waits).0);
        assert!(said(5, 5, 5, Beyond::Refused).0);
    }
}
