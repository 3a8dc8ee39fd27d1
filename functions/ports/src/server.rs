//! What a PostgreSQL server tells a role about itself and about the role.

/// One row of text cells: see [`Server::read`].
pub(crate) const QUESTION: &str = "select current_user::text, r.rolsuper::text, r.rolconnlimit::text,
    current_setting('max_connections'),
    (current_setting('superuser_reserved_connections')::integer
        + coalesce(current_setting('reserved_connections', true)::integer, 0))::text,
    extract(epoch from pg_postmaster_start_time())::text, current_database()::text, pg_is_in_recovery()::text,
    current_setting('server_version'),
    (select d.datconnlimit::text from pg_catalog.pg_database d where d.datname = current_database()),
    -- Whose a session is, everybody may see; only what it does is hidden.
    (select count(*)::text from pg_catalog.pg_stat_activity a where a.usename is not null),
    (select count(*)::text from pg_catalog.pg_stat_activity a where a.usename = current_user),
    pg_has_role(current_user, 'pg_read_all_stats', 'usage')::text,
    (pg_catalog.to_regproc('aurora_version') is not null)::text
from pg_catalog.pg_roles r where r.rolname = current_user";

/// A server, as one of our roles sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The role.
    pub role: String,
    /// A superuser is held by no limit.
    pub superuser: bool,
    /// Sessions the role may have; -1 is no limit.
    pub connection_limit: i64,
    /// Sessions the server can have.
    pub max_connections: i64,
    /// Sessions that only superusers and their like may have.
    pub reserved: i64,
    /// When it started: two roles that are told the same time are on the same server.
    pub started: String,
    /// The database.
    pub database: String,
    /// Whether it is a standby.
    pub standby: bool,
    /// Of PostgreSQL.
    pub version: String,
    /// Sessions the database can have; -1 is no limit of its own.
    pub database_limit: i64,
    /// Sessions of all roles that there are now.
    pub sessions: i64,
    /// Those of the role.
    pub own_sessions: i64,
    /// Whether the role sees what sessions of others do.
    pub sees_others: bool,
    /// Whether it is Amazon Aurora, whose readers share their writer's storage and replay nothing.
    pub aurora: bool,
}

impl Server {
    /// Reads the answer; `None` if it has another form.
    pub(crate) fn read(cells: Vec<Option<String>>) -> Option<Self> {
        let [
            role,
            superuser,
            limit,
            max,
            reserved,
            started,
            database,
            standby,
            version,
            database_limit,
            sessions,
            own_sessions,
            sees_others,
            aurora,
        ] = <[_; 14]>::try_from(cells).ok()?;
        Some(Self {
            role: role?,
            superuser: superuser? == "true",
            connection_limit: limit?.parse().ok()?,
            max_connections: max?.parse().ok()?,
            reserved: reserved?.parse().ok()?,
            started: started?,
            database: database?,
            standby: standby? == "true",
            version: version?,
            database_limit: database_limit?.parse().ok()?,
            sessions: sessions?.parse().ok()?,
            own_sessions: own_sessions?.parse().ok()?,
            sees_others: sees_others? == "true",
            aurora: aurora? == "true",
        })
    }
}

/// Whether errors of this class speak of names and resources only. The others (22: bad values, 23: constraints, P0: raised
/// by the user's own functions …) may quote a row's values in text, detail or context, so neither is ever logged or told.
pub(crate) fn is_silent(state: &str) -> bool {
    const SILENT: [&str; 13] = ["08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"];
    SILENT.iter().any(|class| state.starts_with(class))
}
