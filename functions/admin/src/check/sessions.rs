//! Check that the configured number of sessions can be opened: through the pooler, within the limits of the roles,
//! and at the server.

use export::count::count;
use ports::postgres::capacity::{Capacity, Next};
use ports::postgres::pooler::Pooler;
use store::StoreState;

use super::report::CheckReport;
use crate::context::Context;

/// Opens all sessions for a moment and closes them. A database is skipped while running functions hold its sessions.
pub(super) async fn look(
    context: &Context,
    state: Option<&StoreState>,
    source_answers: bool,
    report: &mut CheckReport,
) {
    let (stored, pooler) = (&context.settings.stored, context.settings.pooler);
    let Some(state) = state else { return };
    if source_answers && state.in_flight == 0 {
        match context.source.capacity(stored.budget).await {
            Ok(room) => {
                judge("source", "Budget", stored.budget, pooler, room, report);
                one_server(room.servers, report);
            }
            Err(error) => no_login("source", &error, report),
        }
    } else if source_answers {
        not_counted("source", state.in_flight, report);
    }
    if holds_sessions(pooler, state.in_flight) {
        not_counted("store", state.in_flight, report);
    } else {
        match context.store.capacity(stored.store_sessions).await {
            Ok(room) => judge("store", "StoreSessions", stored.store_sessions, pooler, room, report),
            Err(error) => no_login("store", &error, report),
        }
    }
    // Without a pooler it takes all sessions of the store for a moment, for which workers would have to wait.
    if state.in_flight == 0 {
        super::pooler::look(context, report).await;
    }
}

/// Returns true if workers hold sessions of the store. Without a pooler each of them has one until its invocation ends, so
/// counting would find too few, and the api would wait meanwhile.
fn holds_sessions(pooler: Pooler, in_flight: u64) -> bool {
    pooler == Pooler::None && in_flight > 0
}

fn not_counted(of: &str, in_flight: u64, report: &mut CheckReport) {
    report.fine(
        "pool",
        format!("{} in flight, so the sessions of the {of} were not counted", count(in_flight, "chunk")),
    );
}

/// Reports an address that leads to several servers: none of them has a snapshot that another one exports.
fn one_server(servers: usize, report: &mut CheckReport) {
    if servers > 1 {
        let text = format!(
            "SourceUrl leads to {}: exports with the consistency \"snapshot\" fail until it names one of them",
            count(servers as u64, "server")
        );
        report.fine("source", text);
    }
}

fn no_login(of: &str, error: &dyn std::error::Error, report: &mut CheckReport) {
    report.wrong(
        "pool",
        format!("login to the {of} failed: {}", ports::telemetry::chain(error)),
        "give the function a role with rds-db:connect, or deploy with DatabaseAuth=password",
    );
}

fn judge(
    of: &str,
    parameter: &str,
    promised: u32,
    pooler: Pooler,
    capacity: Capacity,
    report: &mut CheckReport,
) {
    let Capacity { requested, opened, next, .. } = capacity;
    let [all, tried] = [promised, requested].map(|number| count(u64::from(number), "session"));
    let counted = if requested < promised { format!("{requested} of {all}") } else { all.clone() };
    match next {
        _ if opened < requested => {
            let (how, remedy) = match next {
                Next::Refused if pooler == Pooler::None => (
                    "is refused",
                    "run `sluice admin check` again, since a function that runs has a session of its own; if it persists, check the other clients that use this role, or",
                ),
                Next::Refused => (
                    "is refused",
                    "check the lines `source`, `store` and `capacity` above and the other clients that use this role, or",
                ),
                Next::Queued | Next::Allowed => {
                    ("waits", "the pooler allows no more: raise its pool for this role")
                }
            };
            report.wrong(
                "pool",
                format!("only {opened} of {tried} to the {of} ({parameter}) can be open at the same time; the next one {how}"),
                match next {
                    Next::Refused => format!("{remedy} lower {parameter}"),
                    Next::Queued | Next::Allowed => {
                        format!("{remedy} (PgBouncer: pool_size; RDS Proxy: MaxConnectionsPercent) to {promised}, or lower {parameter}")
                    }
                },
            );
        }
        // Its pool is larger than the budgets, and so are the limits of the roles.
        Next::Allowed if pooler == Pooler::Proxy => report.fine(
            "pool",
            format!("{counted} sessions to the {of} can be open at once; the pool of RDS Proxy allows more, and {}", holder(of)),
        ),
        Next::Allowed if requested == promised => report.wrong(
            "pool",
            format!(
                "more than {all} to the {of} ({parameter}) can be open at the same time: no limit is enforced"
            ),
            "run `sluice admin migrate`, which sets the limit of the role",
        ),
        Next::Queued => report
            .fine("pool", format!("{counted} to the {of} can be open at the same time; the next one waits")),
        Next::Refused => report.fine(
            "pool",
            format!(
                "{counted} to the {of} can be open at the same time; the next one is refused and retried"
            ),
        ),
        Next::Allowed => report
            .fine("pool", format!("{counted} to the {of} can be open at the same time; more were not tried")),
    }
}

/// Returns what limits the sessions behind RDS Proxy.
fn holder(of: &str) -> &'static str {
    match of {
        "source" => "the number of running workers keeps them within Budget",
        _ => "it is the limit, not StoreSessions",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(promised: u32, requested: u32, opened: u32, next: Next) -> (bool, String) {
        through(Pooler::Own, promised, requested, opened, next)
    }

    fn through(pooler: Pooler, promised: u32, requested: u32, opened: u32, next: Next) -> (bool, String) {
        let mut report = CheckReport::default();
        judge(
            "source",
            "Budget",
            promised,
            pooler,
            Capacity { requested, opened, next, servers: 1 },
            &mut report,
        );
        (report.is_fine(), report.text())
    }

    #[test]
    fn proxy_may_allow_more_but_not_less() {
        let (fine, text) = through(Pooler::Proxy, 5, 5, 5, Next::Allowed);
        assert!(fine && text.contains("the number of running workers keeps them within Budget"), "{text}");
        assert!(!through(Pooler::Proxy, 5, 5, 3, Next::Queued).0);
        assert!(!through(Pooler::None, 5, 5, 5, Next::Allowed).0);
    }

    #[test]
    fn too_small_pool_is_reported_with_a_remedy() {
        let (fine, text) = said(5, 5, 3, Next::Queued);
        assert!(
            !fine
                && text.contains("only 3 of 5 sessions to the source (Budget) can be open at the same time")
                && text.contains("pool_size"),
            "{text}"
        );
        let (fine, text) = said(5, 5, 3, Next::Refused);
        assert!(!fine && text.contains("refused") && text.contains("lower Budget"), "{text}");
    }

    #[test]
    fn sessions_that_workers_hold_are_not_counted() {
        assert!(holds_sessions(Pooler::None, 1) && !holds_sessions(Pooler::None, 0));
        assert!(!holds_sessions(Pooler::Own, 9) && !holds_sessions(Pooler::Proxy, 9));
        let mut report = CheckReport::default();
        not_counted("store", 3, &mut report);
        assert!(
            report.is_fine() && report.text().contains("3 chunks in flight, so the sessions of the store")
        );
        let (fine, text) = through(Pooler::None, 16, 16, 15, Next::Refused);
        assert!(!fine && text.contains("run `sluice admin check` again"), "{text}");
    }

    #[test]
    fn address_of_several_servers_is_reported() {
        let said = |servers| {
            let mut report = CheckReport::default();
            one_server(servers, &mut report);
            report.text()
        };
        assert!(said(3).contains("SourceUrl leads to 3 servers"), "{}", said(3));
        assert!(!said(1).contains("SourceUrl"));
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
