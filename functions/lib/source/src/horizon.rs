//! Start of the oldest transaction open at the source: rows it stamped when it began may still appear.
//!
//! `functions/lib/export/README.md` has the proof; each condition here closes a case in which it would be wrong.

/// Margin for prepared transactions: a prepared transaction began before it was prepared, at an unknown time.
/// Transaction managers end theirs after minutes.
const PREPARED_MARGIN: &str = "1 day";

/// Returns the SQL for the start of the oldest transaction of another session; `now()` if there is none, null if it
/// cannot be determined.
///
/// - A role without `pg_read_all_stats` cannot read when the transactions of others began, and a standby cannot read
///   those of its primary at all.
/// - A session with `track_activities` off shows nothing.
/// - Between two transactions of one message a session has none open, yet the second begins with the message's time.
///   Therefore an active client counts from its statement at the latest.
/// - Everything that may write counts, including workers of subscriptions and of extensions. Parallel workers share
///   their leader's transaction; a walsender and autovacuum write no rows.
/// - Sessions are read before prepared transactions, and `least` evaluates in that order: a transaction is listed as
///   prepared before its session releases it, so none is missed.
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
