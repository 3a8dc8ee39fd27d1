//! Check that the configured number of sessions can be opened: through the pooler, within the limits of the roles,
//! and at the server.

use ports::postgres::capacity::{Capacity, Next};
use store::StoreState;

use super::report::CheckReport;
use crate::context::Context;

/// Opens all sessions for a moment and closes them. The source is skipped while chunks are read from it.
pub(super) async fn look(
    context: &Context,
    state: Option<&StoreState>,
    source_answers: bool,
    report: &mut CheckReport,
) {
    let stored = &context.settings.stored;
    let Some(state) = state else { return };
    if source_answers && state.in_flight == 0 {
        match context.source.capacity(stored.budget).await {
            Ok(room) => judge("source", "Budget", stored.budget, room, report),
            Err(error) => no_login("source", &error, report),
        }
    } else if source_answers {
        report.fine(
            "pool",
            format!("{} chunks are in flight, so the source's sessions were not counted", state.in_flight),
        );
    }
    match context.store.capacity(stored.store_sessions).await {
        Ok(room) => judge("store", "StoreSessions", stored.store_sessions, room, report),
        Err(error) => no_login("store", &error, report),
    }
}

fn no_login(of: &str, error: &dyn std::error::Error, report: &mut CheckReport) {
    report.wrong(
        "pool",
        format!("login to the {of} failed: {}", ports::telemetry::chain(error)),
        "give the function a role with rds-db:connect, or deploy with DatabaseAuth=password",
    );
}

fn judge(of: &str, parameter: &str, promised: u32, capacity: Capacity, report: &mut CheckReport) {
    let Capacity { requested, opened, next } = capacity;
    let counted =
        if requested < promised { format!("{requested} of {promised}") } else { promised.to_string() };
    match next {
        _ if opened < requested => {
            let (how, remedy) = match next {
                Next::Refused => ("refused", "check the lines `source`, `store` and `capacity` above and the other clients that use this role, or"),
                Next::Queued | Next::Allowed => ("kept waiting", "the pooler allows no more: raise its pool for this role"),
            };
            report.wrong(
                "pool",
                format!("only {opened} sessions to the {of} can be open at once instead of {requested} ({parameter}); one more is {how}"),
                match next {
                    Next::Refused => format!("{remedy} lower {parameter}"),
                    Next::Queued | Next::Allowed => {
                        format!("{remedy} (PgBouncer: pool_size; RDS Proxy: MaxConnectionsPercent) to {promised}, or lower {parameter}")
                    }
                },
            );
        }
        Next::Allowed if requested == promised => report.wrong(
            "pool",
            format!("more than {promised} sessions to the {of} can be open at once ({parameter}): no limit is enforced"),
            "run admin migrate, which sets the limit of the role",
        ),
        Next::Queued => report.fine("pool", format!("{counted} sessions to the {of} can be open at once; one more waits")),
        Next::Refused => report.fine("pool", format!("{counted} sessions to the {of} can be open at once; one more is refused and retried")),
        Next::Allowed => report.fine("pool", format!("{counted} sessions to the {of} can be open at once; more were not tried")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(promised: u32, requested: u32, opened: u32, next: Next) -> (bool, String) {
        let mut report = CheckReport::default();
        judge("source", "Budget", promised, Capacity { requested, opened, next }, &mut report);
        (report.is_fine(), report.text())
    }

    #[test]
    fn too_small_pool_is_reported_with_a_remedy() {
        let (fine, text) = said(5, 5, 3, Next::Queued);
        assert!(
            !fine
                && text.contains("only 3 sessions to the source can be open at once instead of 5")
                && text.contains("pool_size"),
            "{text}"
        );
        let (fine, text) = said(5, 5, 3, Next::Refused);
        assert!(!fine && text.contains("refused") && text.contains("lower Budget"), "{text}");
    }

    #[test]
    fn unenforced_limit_is_reported() {
        let (fine, text) = said(5, 5, 5, Next::Allowed);
        assert!(!fine && text.contains("more than 5") && text.contains("admin migrate"), "{text}");
        assert!(said(100, 64, 64, Next::Allowed).0, "beyond what is measured nothing is known");
    }

    #[test]
    fn exact_limit_may_wait_or_refuse() {
        assert!(said(5, 5, 5, Next::Queued).0);
        assert!(said(5, 5, 5, Next::Refused).0);
    }
}
