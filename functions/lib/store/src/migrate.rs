//! Migrations: forward only, each in one transaction, all under one lock.

use ports::postgres::login::Login;
use ports::postgres::options;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};

use super::error::StoreError;
use ports::postgres::server::is_too_old;

/// One migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Number of the migration; they are applied in this order.
    pub version: i32,
    /// Short name of the change.
    pub name: &'static str,
    text: &'static str,
}
const MIGRATIONS: [Migration; 31] = [
    Migration { version: 1, name: "store", text: include_str!("../migrations/0001_store.sql") },
    Migration { version: 2, name: "indexed", text: include_str!("../migrations/0002_indexed.sql") },
    Migration { version: 3, name: "changes", text: include_str!("../migrations/0003_changes.sql") },
    Migration { version: 4, name: "reuse", text: include_str!("../migrations/0004_reuse.sql") },
    Migration { version: 5, name: "estimates", text: include_str!("../migrations/0005_estimates.sql") },
    Migration { version: 6, name: "turns", text: include_str!("../migrations/0006_turns.sql") },
    Migration { version: 9, name: "keys", text: include_str!("../migrations/0009_keys.sql") },
    Migration { version: 10, name: "selections", text: include_str!("../migrations/0010_selections.sql") },
    Migration { version: 11, name: "accept", text: include_str!("../migrations/0011_accept.sql") },
    Migration { version: 13, name: "conditions", text: include_str!("../migrations/0013_conditions.sql") },
    Migration { version: 15, name: "splits", text: include_str!("../migrations/0015_splits.sql") },
    Migration { version: 16, name: "turns_noted", text: include_str!("../migrations/0016_turns.sql") },
    Migration { version: 17, name: "horizon", text: include_str!("../migrations/0017_horizon.sql") },
    Migration {
        version: 21,
        name: "catalog_text",
        text: include_str!("../migrations/0021_catalog_text.sql"),
    },
    Migration { version: 23, name: "own chunks", text: include_str!("../migrations/0023_own_chunks.sql") },
    Migration { version: 24, name: "cache seal", text: include_str!("../migrations/0024_cache_seal.sql") },
    Migration { version: 25, name: "pulse", text: include_str!("../migrations/0025_pulse.sql") },
    Migration { version: 26, name: "bounds", text: include_str!("../migrations/0026_bounds.sql") },
    Migration { version: 27, name: "key life", text: include_str!("../migrations/0027_key_life.sql") },
    Migration { version: 28, name: "pace", text: include_str!("../migrations/0028_pace.sql") },
    Migration {
        version: 29,
        name: "labels and waits",
        text: include_str!("../migrations/0029_labels_and_waits.sql"),
    },
    Migration {
        version: 30,
        name: "layouts and traces",
        text: include_str!("../migrations/0030_layouts_and_traces.sql"),
    },
    Migration { version: 31, name: "lists", text: include_str!("../migrations/0031_lists.sql") },
    Migration { version: 32, name: "checks", text: include_str!("../migrations/0032_checks.sql") },
    Migration { version: 35, name: "use", text: include_str!("../migrations/0035_use.sql") },
    Migration { version: 36, name: "cuts", text: include_str!("../migrations/0036_cuts.sql") },
    Migration { version: 37, name: "slices", text: include_str!("../migrations/0037_slices.sql") },
    Migration {
        version: 40,
        name: "destinations",
        text: include_str!("../migrations/0040_destinations.sql"),
    },
    Migration { version: 41, name: "lost cuts", text: include_str!("../migrations/0041_lost_cuts.sql") },
    Migration { version: 42, name: "events", text: include_str!("../migrations/0042_events.sql") },
    Migration { version: 43, name: "saved", text: include_str!("../migrations/0043_saved.sql") },
];

/// Functions that hold rules. They are created or replaced every time.
const FUNCTIONS: [&str; 12] = [
    include_str!("../sql/functions/attempts.sql"),
    include_str!("../sql/functions/settings.sql"),
    include_str!("../sql/functions/progress.sql"),
    include_str!("../sql/functions/turns.sql"),
    include_str!("../sql/functions/overdue.sql"),
    include_str!("../sql/functions/in_force.sql"),
    include_str!("../sql/functions/use.sql"),
    include_str!("../sql/functions/accept.sql"),
    include_str!("../sql/functions/held.sql"),
    include_str!("../sql/functions/cuts.sql"),
    include_str!("../sql/functions/dispatch.sql"),
    include_str!("../sql/functions/invariants.sql"),
];

/// Statements that create the schema and the table of applied migrations.
const FIRST: &str = include_str!("../migrations/0000_first.sql");

impl Migration {
    /// Returns the latest migration of this program.
    pub fn last() -> Self {
        MIGRATIONS[MIGRATIONS.len() - 1]
    }
}

/// Returns everything [`migrate`] would run as one script for `psql`, for an owner who does not give the password to
/// a program. A second run does nothing more.
pub fn migration_script(statements: &[String]) -> String {
    let mut script = format!("begin;\n{FIRST}");
    for Migration { version, name, text } in MIGRATIONS {
        script.push_str(&format!(
            "\ndo $migration$ begin\nif not exists (select from sluice.migration where version = {version}) then\nexecute $text$\n{text}\n$text$;\ninsert into sluice.migration (version, name) values ({version}, '{name}');\nend if;\nend $migration$;\n"
        ));
    }
    for function in FUNCTIONS {
        script.push_str(&format!("\n{function}\n"));
    }
    for statement in statements {
        script.push_str(&format!("{statement};\n"));
    }
    script.push_str("commit;\n");
    script
}

/// Brings the schema up to date with this program and then runs `statements` (roles, grants, settings), all through a
/// direct connection of the owner. Returns the migrations that were applied.
///
/// # Errors
/// [`StoreError::TooOld`] before anything is applied, or the first statement that fails; it and all after it are not
/// applied.
pub async fn migrate(
    owner_url: &str,
    login: &Login,
    statements: &[String],
) -> Result<Vec<Migration>, StoreError> {
    let mut connection = connect(owner_url, login).await?;
    let applied = apply(&mut connection, statements).await;
    let _ = connection.close().await;
    applied
}

async fn connect(owner_url: &str, login: &Login) -> Result<PgConnection, StoreError> {
    let options = options::read(owner_url)
        .map_err(|_| StoreError::unreadable("URL", "the owner's URL is not valid"))?;
    // A slow statement would be logged with the password in it.
    let options = options.application_name("sluice-migrate").disable_statement_logging();
    Ok(login.connect(&options).await?)
}

/// Sessions that were open while a migration changed the settings of their roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldSessions {
    /// Idle sessions that were ended.
    pub ended: i64,
    /// Sessions that remain with the settings of before: those in use, and those of which the owner cannot see the
    /// state.
    pub left: i64,
}

/// Ends the idle sessions of these roles, so that their next ones have the current settings. A pooler opens new ones, and
/// a session in use is not touched.
///
/// # Errors
/// If the owner may not end them: that takes `pg_signal_backend` or membership of the roles, and `pg_read_all_stats`.
pub async fn end_idle_sessions(
    owner_url: &str,
    login: &Login,
    roles: &[&str],
) -> Result<OldSessions, StoreError> {
    let mut connection = connect(owner_url, login).await?;
    let roles: Vec<_> = roles.iter().map(|&role| role.to_owned()).collect();
    let statement = sqlx::query(include_str!("../sql/migrate/end_idle.sql")).bind(roles);
    let found = statement.fetch_one(&mut connection).await;
    let _ = connection.close().await;
    let found = found?;
    Ok(OldSessions { ended: found.try_get("ended")?, left: found.try_get("remaining")? })
}

async fn apply(connection: &mut PgConnection, statements: &[String]) -> Result<Vec<Migration>, StoreError> {
    let version: String = connection.fetch_one("show server_version").await?.try_get(0)?;
    if is_too_old(&version) {
        return Err(StoreError::TooOld(version));
    }
    // On a direct connection the session lock serialises deployments that migrate at once.
    connection.execute("select pg_advisory_lock(7306010)").await?;
    connection.execute(FIRST).await?;
    let last: i32 = connection
        .fetch_one("select coalesce(max(version), 0) as last from sluice.migration")
        .await?
        .try_get("last")?;
    let mut applied = Vec::new();
    for migration in MIGRATIONS.iter().filter(|m| m.version > last) {
        let mut tx = connection.begin().await?;
        tx.execute(migration.text).await?;
        let note = sqlx::query("insert into sluice.migration (version, name) values ($1, $2)")
            .bind(migration.version)
            .bind(migration.name);
        note.execute(&mut *tx).await?;
        tx.commit().await?;
        applied.push(*migration);
    }
    let mut tx = connection.begin().await?;
    for function in FUNCTIONS {
        tx.execute(function).await?;
    }
    for statement in statements {
        tx.execute(sqlx::raw_sql(AssertSqlSafe(statement.as_str()))).await?;
    }
    tx.commit().await?;
    Ok(applied)
}
