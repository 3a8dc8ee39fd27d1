//! The oldest transaction that is open at the source: rows it stamped when it began may still appear.
//!
//! `functions/export/README.md` has the argument; each condition here closes a way in which it would be wrong.

/// A transaction that was prepared began before, and nothing tells when. Transaction managers end theirs after minutes.
const PREPARED_MARGIN: &str = "1 day";

/// SQL for the start of the oldest transaction of another session; `now()` where there is none, null where it cannot be known.
///
/// - A role without `pg_read_all_stats` does not see when the transactions of others began, and a standby does not see those of
///   its primary at all.
/// - A session with `track_activities` off shows nothing.
/// - Between two transactions of one message a session has none open, yet the second begins with the message's time: an
///   active client counts from its statement at the latest.
/// - Whatever may write counts, not clients alone: workers of subscriptions and of extensions. Parallel workers share their
///   leader's transaction; a walsender and autovacuum write no rows.
/// - Sessions are looked at before prepared transactions, and `least` evaluates in that order: a transaction is listed as
///   prepared before its session lets go of it, so none is missed.
pub(super) fn open_since_sql() -> String {
    let others = "from pg_catalog.pg_stat_activity a where a.datname = pg_catalog.current_database() \
        and a.pid <> pg_catalog.pg_backend_pid() \
        and a.backend_type not in ('parallel worker', 'walsender', 'autovacuum worker')";
    format!(
        "case when pg_catalog.pg_is_in_recovery() or not pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage') then null
            when exists (select {others} and a.state = 'disabled') then null
            else least(
                (select min(least(a.xact_start, case when a.state = 'active' and a.backend_type = 'client backend' then a.query_start end)) {others}),
                (select min(p.prepared) - interval '{PREPARED_MARGIN}' from pg_catalog.pg_prepared_xacts p
                 where p.database = pg_catalog.current_database()),
                pg_catalog.now()) end"
    )
}
