//! Load of the source, read in the session that is about to read rows: one query over data that the server keeps in
//! memory, and none at all without a limit.

use export::load::{Load, LoadLimits};

use super::SourceError;

/// Returns the query for the values that have a limit; the others are null.
///
/// Only a member of `pg_read_all_stats` can read the activity of other roles' sessions; to other roles they would all
/// seem idle. A standby that has replayed everything it received, and is still receiving, is not lagging: on a quiet
/// primary the time of its last commit shows nothing. Readers of Aurora replay no WAL of their own and refuse the
/// query; they lag only by an instant.
pub(super) fn load_sql(limits: LoadLimits) -> String {
    let sessions = "case when pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage') then \
        (select count(*) from pg_catalog.pg_stat_activity where state = 'active' and backend_type = 'client backend' \
         and usename <> current_user) end";
    let lag = "case when not pg_catalog.pg_is_in_recovery() or pg_catalog.to_regproc('aurora_version') is not null then null \
        when pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() \
         and exists (select from pg_catalog.pg_stat_wal_receiver where pid is not null) then 0 \
        else greatest(extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) * 1000, 0) end";
    let asked = |question: &'static str, limit: u64| if limit > 0 { question } else { "null" };
    format!(
        "select ({})::bigint, ({})::bigint",
        asked(sessions, limits.active_sessions),
        asked(lag, limits.replica_lag_secs)
    )
}

/// Reads the row.
pub(super) fn read(row: &[Option<i64>]) -> Result<Load, SourceError> {
    let [active_sessions, replica_lag_ms] = row else {
        return Err(SourceError::protocol(
            "the result of the load query has an unexpected number of columns",
        ));
    };
    let number = |cell: &Option<i64>| cell.and_then(|n| u64::try_from(n).ok());
    Ok(Load { active_sessions: number(active_sessions), replica_lag_ms: number(replica_lag_ms) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_query_reads_only_limited_figures() {
        let sql = load_sql(LoadLimits { active_sessions: 0, replica_lag_secs: 5 });
        assert!(sql.starts_with("select (null)::bigint") && sql.contains("pg_is_in_recovery"), "{sql}");
        let sql = load_sql(LoadLimits { active_sessions: 5, replica_lag_secs: 0 });
        assert!(sql.contains("pg_stat_activity") && sql.ends_with("(null)::bigint"), "{sql}");
        assert_eq!(read(&[Some(3), None]).unwrap(), Load { active_sessions: Some(3), replica_lag_ms: None });
        assert!(read(&[Some(3)]).is_err());
    }
}
