//! Properties of a PostgreSQL server and of a role, as visible to that role.

/// Query for one row of text cells: see [`Server::read`].
pub const QUERY: &str = "select current_user::text, r.rolsuper::text, r.rolconnlimit::text,
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

/// Oldest major version of PostgreSQL that Sluice supports: `client_connection_check_interval`, which ends the COPY of a
/// killed worker, came with it.
pub const OLDEST_MAJOR: u32 = 14;

/// Returns true if a server of this version, such as `13.14`, is older than [`OLDEST_MAJOR`].
pub fn is_too_old(version: &str) -> bool {
    let major = version.split(|c: char| !c.is_ascii_digit()).next().and_then(|major| major.parse().ok());
    major.is_some_and(|major: u32| major < OLDEST_MAJOR)
}

/// A server, as visible to one of the two roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Name of the role.
    pub role: String,
    /// True for a superuser, to whom no limit applies.
    pub superuser: bool,
    /// Maximum number of sessions of the role; -1 is no limit.
    pub connection_limit: i64,
    /// Maximum number of sessions of the server.
    pub max_connections: i64,
    /// Number of sessions reserved for superusers and similar roles.
    pub reserved: i64,
    /// Start time of the server: two roles that read the same time are on the same server.
    pub started: String,
    /// Name of the database.
    pub database: String,
    /// True if it is a standby.
    pub standby: bool,
    /// Version of PostgreSQL.
    pub version: String,
    /// Maximum number of sessions of the database; -1 is no limit of its own.
    pub database_limit: i64,
    /// Number of sessions of all roles now.
    pub sessions: i64,
    /// Number of sessions of the role now.
    pub own_sessions: i64,
    /// True if the role can read the activity of other roles' sessions.
    pub sees_others: bool,
    /// True if it is Amazon Aurora, whose readers share their writer's storage and replay nothing.
    pub aurora: bool,
}

impl Server {
    /// Reads the row; `None` if it has another form.
    pub fn read(cells: Vec<Option<String>>) -> Option<Self> {
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

/// Reports whether errors of this class refer only to names and resources. The others (22: bad values, 23:
/// constraints, P0: raised by the user's own functions …) may quote a row's values in text, detail or context, which
/// are therefore never logged or returned.
pub fn is_silent(state: &str) -> bool {
    const SILENT: [&str; 13] = ["08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"];
    SILENT.iter().any(|class| state.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_before_14_are_too_old() {
        for version in ["13.14", "9.6.24", "10", "13.9 (Debian 13.9-0+deb11u1)", "12beta1"] {
            assert!(is_too_old(version), "{version}");
        }
        for version in ["14.0", "14.11 (Ubuntu)", "15.18", "18beta1", "100", "unknown", ""] {
            assert!(!is_too_old(version), "{version}");
        }
    }
}
