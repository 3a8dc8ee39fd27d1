//! Saved exports: their definitions, and the lists of their runs. `schedules` starts the runs.
//!
//! A saved export has at most one run at a time: a claim is taken while none is live, and only the process that holds the
//! claim records a run. The row is locked for single statements only.

mod claims;
mod rows;

use export::id::TenantId;
use export::saved::{Definition, MAX_SAVED};
use ports::random;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::connection::{Statement, Store, sql};
use super::error::StoreError;

pub use claims::SavedRights;
pub(crate) use claims::{Claim, EndedRun, Only, RunRecord};
pub use rows::{SavedRun, SavedState};
use rows::{run, state};

/// Saved export to store.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSaved {
    /// Tenant that owns it.
    pub tenant: TenantId,
    /// Name, request, range and schedule.
    pub definition: Definition,
    /// Rights with which it runs.
    pub rights: SavedRights,
    /// Names of its datasets, as the catalog in force resolves the request.
    pub datasets: Vec<String>,
    /// Tick of the first period, and the time of its run, microseconds since 1970; `None` without a schedule.
    pub next_micros: Option<(i64, i64)>,
}

/// Outcome of saving an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saving {
    /// It is saved.
    Saved,
    /// The tenant has a saved export of this name.
    Taken,
    /// The tenant has [`MAX_SAVED`] of them.
    Full,
}

/// Saved export of a tenant, as a caller names it.
#[derive(Clone, Copy, Debug)]
pub struct SavedName<'a> {
    /// Tenant of the caller.
    pub tenant: &'a TenantId,
    /// Datasets that the caller may see; `None` for all.
    pub within: Option<&'a [String]>,
    /// Name.
    pub name: &'a str,
}

/// Position of a run in the list: its start, tick and number.
pub type RunPosition = (i64, i64, i32);

impl Store {
    /// Saves an export under a new name.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn save(&self, new: &NewSaved) -> Result<Saving, StoreError> {
        let (tick, at) = new.next_micros.unzip();
        let mut tx = self.begin().await?;
        let insert = sql(include_str!("../sql/saved/insert.sql"))
            .bind(uuid::Builder::from_random_bytes(random::bytes()).into_uuid())
            .bind(new.tenant.as_str().to_owned())
            .bind(new.definition.name.clone());
        let insert = defined(insert, new).bind(tick).bind(at).bind(MAX_SAVED);
        let inserted = tx.optional(insert).await?.is_some();
        let find = sql("select from sluice.saved where tenant = $1 and name = $2");
        let find = find.bind(new.tenant.as_str()).bind(new.definition.name.as_str());
        let is_there = inserted || tx.optional(find).await?.is_some();
        tx.commit().await?;
        Ok(match (inserted, is_there) {
            (true, _) => Saving::Saved,
            (false, true) => Saving::Taken,
            (false, false) => Saving::Full,
        })
    }

    /// Replaces the definition of a saved export. With another schedule or range it begins again at the next tick. False if
    /// there is none of this name.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn replace_saved(&self, new: &NewSaved, within: Option<&[String]>) -> Result<bool, StoreError> {
        let (tick, at) = new.next_micros.unzip();
        let replace = sql(include_str!("../sql/saved/replace.sql"))
            .bind(new.tenant.as_str().to_owned())
            .bind(new.definition.name.clone());
        let replace = defined(replace, new).bind(tick).bind(at).bind(within.map(<[String]>::to_vec));
        self.change(replace).await
    }

    /// Deletes a saved export; the exports of its runs stay. False if there is none of this name.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn delete_saved(&self, of: SavedName<'_>) -> Result<bool, StoreError> {
        self.change(named(include_str!("../sql/saved/delete.sql"), of)).await
    }

    /// Pauses or resumes the schedule of a saved export. False if there is none of this name.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn pause_saved(&self, of: SavedName<'_>, paused: bool) -> Result<bool, StoreError> {
        self.change(named(include_str!("../sql/saved/pause.sql"), of).bind(paused)).await
    }

    /// Requests a run at once. False if a run is under way, or there is no saved export of this name.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn demand_run(&self, of: SavedName<'_>) -> Result<bool, StoreError> {
        self.change(named(include_str!("../sql/saved/demand.sql"), of)).await
    }

    /// Returns a saved export.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn saved(&self, of: SavedName<'_>) -> Result<Option<SavedState>, StoreError> {
        let list = sql(include_str!("../sql/saved/list.sql")).bind(of.tenant.as_str());
        let list = list.bind(of.within.map(<[String]>::to_vec)).bind(Some(of.name)).bind(None::<String>);
        let mut tx = self.begin().await?;
        let row = tx.optional(list.bind(1_i64)).await?;
        tx.commit().await?;
        row.as_ref().map(state).transpose()
    }

    /// Returns saved exports by name, after a name, at most `limit`.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn all_saved(
        &self,
        tenant: &TenantId,
        within: Option<&[String]>,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<SavedState>, StoreError> {
        let list = sql(include_str!("../sql/saved/list.sql")).bind(tenant.as_str());
        let list = list.bind(within.map(<[String]>::to_vec)).bind(None::<String>).bind(after).bind(limit);
        let mut tx = self.begin().await?;
        let rows = tx.all(list).await?;
        tx.commit().await?;
        rows.iter().map(state).collect()
    }

    /// Returns runs of a saved export, newest first, after a position, at most `limit`.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn saved_runs(
        &self,
        of: SavedName<'_>,
        after: Option<RunPosition>,
        limit: i64,
    ) -> Result<Vec<SavedRun>, StoreError> {
        let list = named(include_str!("../sql/saved/runs.sql"), of);
        let list = list.bind(after.map(|at| at.0)).bind(after.map(|at| at.1)).bind(after.map(|at| at.2));
        let mut tx = self.begin().await?;
        let rows = tx.all(list.bind(limit)).await?;
        tx.commit().await?;
        rows.iter().map(run).collect()
    }

    /// Deletes runs that began long ago, at most `limit`. Returns their number.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn forget_runs(&self, limit: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let forgotten = tx.run(sql(include_str!("../sql/saved/forget.sql")).bind(limit)).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

/// Binds tenant, name and visible datasets.
fn named<'a>(text: &'static str, of: SavedName<'a>) -> Statement<'a> {
    sql(text).bind(of.tenant.as_str()).bind(of.name).bind(of.within.map(<[String]>::to_vec))
}

/// Binds request, range, schedule, key, rights and datasets.
fn defined<'a>(statement: Statement<'a>, new: &NewSaved) -> Statement<'a> {
    let definition = &new.definition;
    statement
        .bind(definition.request.clone())
        .bind(definition.range.map(|range| range.as_str().to_owned()))
        .bind(definition.schedule_json.clone())
        .bind(new.rights.key_id.clone())
        .bind(Json(new.rights.clone()))
        .bind(Json(new.datasets.clone()))
}

/// Returns the definition that the columns of a row hold.
fn definition(
    name: &str,
    request: Value,
    range: Option<String>,
    schedule: Option<Value>,
) -> Result<Definition, StoreError> {
    let body = serde_json::json!({ "name": name, "request": request, "range": range, "schedule": schedule });
    Definition::parse(&body, None)
        .map_err(|violations| StoreError::unreadable("saved export", export::problem::describe(&violations)))
}

/// Id of a saved export.
type SavedId = Uuid;
