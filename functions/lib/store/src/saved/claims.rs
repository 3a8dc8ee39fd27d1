//! Claims of saved exports that are due, and the records of their runs. A statement under a claim changes nothing once the claim
//! has lapsed or the definition was replaced.
//!
//! `now` is the time in microseconds since 1970 in tests; `None` is that of the store.

use std::collections::BTreeSet;

use export::access::Access;
use export::id::{ExportId, TenantId};
use export::saved::Definition;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::super::connection::{Store, sql};
use super::super::error::StoreError;
use super::super::ranges::{export_id, json, optional_json};
use super::{SavedId, definition};

/// Rights with which a saved export runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRights {
    /// Key whose rights count at each run; `None`: a token, with the datasets that it named.
    #[serde(skip)]
    pub key_id: Option<String>,
    /// Key or token, for people.
    pub by: String,
    /// Datasets that the token named; `None` for all.
    pub datasets: Option<BTreeSet<String>>,
}

impl SavedRights {
    /// Returns the rights of a key, which may have replaced the one that saved the export.
    fn of_key(self, key_id: Option<String>) -> Self {
        let by = key_id.as_ref().map_or(self.by, |id| format!("key {id}"));
        Self { key_id, by, datasets: self.datasets }
    }
}

/// A saved export that this process may start.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) id: SavedId,
    pub(crate) tenant: TenantId,
    pub(crate) definition: Definition,
    pub(crate) rights: SavedRights,
    pub(crate) edition: i32,
    pub(crate) failures: u32,
    /// Time at which a run was demanded.
    pub(crate) demanded: Option<Timestamp>,
    pub(crate) next_tick: Option<Timestamp>,
    pub(crate) last_end: Option<Timestamp>,
    pub(crate) now: Timestamp,
    /// End of the claim, which fences it.
    claim: i64,
}

/// Run of which the export has ended.
#[derive(Clone, Debug)]
pub(crate) struct EndedRun {
    pub(crate) id: SavedId,
    pub(crate) export: ExportId,
    pub(crate) tenant: TenantId,
    pub(crate) definition: Definition,
    pub(crate) tick: Timestamp,
    pub(crate) demanded: bool,
    pub(crate) failures: u32,
    pub(crate) status: String,
}

/// Run to record: its tick, the end of its period, its dates.
#[derive(Clone, Debug)]
pub(crate) struct RunRecord {
    pub(crate) tick: Timestamp,
    pub(crate) end: Option<Timestamp>,
    pub(crate) dates: (Option<String>, Option<String>),
}

/// Saved export of which alone something is wanted.
pub(crate) type Only<'a> = Option<(&'a TenantId, &'a str)>;

impl Store {
    pub(crate) async fn claim_saved(
        &self,
        limit: i64,
        only: Only<'_>,
        now: Option<i64>,
    ) -> Result<Vec<Claim>, StoreError> {
        self.again(|| async {
            let (tenant, name) = only.map(|(tenant, name)| (tenant.as_str(), name)).unzip();
            let claim = sql(include_str!("../../sql/saved/claim.sql")).bind(limit).bind(tenant).bind(name);
            let mut tx = self.begin().await?;
            let rows = tx.all(claim.bind(now)).await?;
            tx.commit().await?;
            Ok(readable(&rows, read_claim))
        })
        .await
    }

    pub(crate) async fn ended_runs(&self, limit: i64, only: Only<'_>) -> Result<Vec<EndedRun>, StoreError> {
        let (tenant, name) = only.map(|(tenant, name)| (tenant.as_str(), name)).unzip();
        let ended = sql(include_str!("../../sql/saved/ended.sql")).bind(limit).bind(tenant).bind(name);
        let mut tx = self.begin().await?;
        let rows = tx.all(ended).await?;
        tx.commit().await?;
        Ok(readable(&rows, read_ended))
    }

    /// Returns the present rights of a saved export; `None` if its key was revoked or has expired.
    pub(crate) async fn rights_of(&self, claim: &Claim) -> Result<Option<Access>, StoreError> {
        let Some(key) = &claim.rights.key_id else {
            return Ok(Some(Access { datasets: claim.rights.datasets.clone(), writes: true }));
        };
        let find = sql(include_str!("../../sql/saved/key.sql")).bind(key).bind(claim.tenant.as_str());
        let mut tx = self.begin().await?;
        let row = tx.optional(find).await?;
        tx.commit().await?;
        row.map(|row| {
            let datasets = row.try_get::<Option<Vec<String>>, _>("datasets")?;
            let writes = !row.try_get::<bool, _>("read_only")?;
            Ok(Access { datasets: datasets.map(|names| names.into_iter().collect()), writes })
        })
        .transpose()
    }

    pub(crate) async fn record_started(
        &self,
        claim: &Claim,
        run: &RunRecord,
        export: ExportId,
        now: Option<i64>,
    ) -> Result<bool, StoreError> {
        let started = sql(include_str!("../../sql/saved/started.sql"))
            .bind(claim.id)
            .bind(claim.claim)
            .bind(export.uuid())
            .bind(run.tick.as_microsecond())
            .bind(run.end.map(Timestamp::as_microsecond))
            .bind(run.dates.0.clone())
            .bind(run.dates.1.clone())
            .bind(claim.demanded.is_some())
            .bind(now);
        self.change(started).await
    }

    pub(crate) async fn record_refused(
        &self,
        claim: &Claim,
        run: &RunRecord,
        error: &str,
        again_secs: u32,
        now: Option<i64>,
    ) -> Result<bool, StoreError> {
        let refused = sql(include_str!("../../sql/saved/refused.sql"))
            .bind(claim.id)
            .bind(claim.claim)
            .bind(run.tick.as_microsecond())
            .bind(error)
            .bind(run.dates.0.clone())
            .bind(run.dates.1.clone())
            .bind(claim.demanded.is_some())
            .bind(i64::from(again_secs))
            .bind(now);
        self.change(refused).await
    }

    /// Moves on to a later tick. The periods from `from` on are recorded as skipped.
    pub(crate) async fn record_skipped(
        &self,
        claim: &Claim,
        from: Timestamp,
        to: Option<(Timestamp, Timestamp)>,
        error: &str,
        now: Option<i64>,
    ) -> Result<bool, StoreError> {
        let (tick, at) = to.map(|(tick, at)| (tick.as_microsecond(), at.as_microsecond())).unzip();
        let skipped = sql(include_str!("../../sql/saved/skipped.sql"))
            .bind(claim.id)
            .bind(claim.claim)
            .bind(from.as_microsecond())
            .bind(tick)
            .bind(at)
            .bind(error)
            .bind(now);
        self.change(skipped).await
    }

    pub(crate) async fn record_succeeded(
        &self,
        run: &EndedRun,
        next: Option<(Timestamp, Timestamp)>,
        now: Option<i64>,
    ) -> Result<bool, StoreError> {
        let (tick, at) = next.map(|(tick, at)| (tick.as_microsecond(), at.as_microsecond())).unzip();
        let succeeded = sql(include_str!("../../sql/saved/succeeded.sql"))
            .bind(run.id)
            .bind(run.export.uuid())
            .bind(tick)
            .bind(at)
            .bind(now);
        self.change(succeeded).await
    }

    pub(crate) async fn record_failed(
        &self,
        run: &EndedRun,
        outcome: &str,
        error: &str,
        again_secs: u32,
        now: Option<i64>,
    ) -> Result<bool, StoreError> {
        let failed = sql(include_str!("../../sql/saved/failed.sql"))
            .bind(run.id)
            .bind(run.export.uuid())
            .bind(outcome)
            .bind(error)
            .bind(i64::from(again_secs))
            .bind(now);
        self.change(failed).await
    }
}

/// Returns the rows that this program can read. Another one, of which the zone is unknown by now, must not delay the others.
fn readable<T>(rows: &[PgRow], read: impl Fn(&PgRow) -> Result<T, StoreError>) -> Vec<T> {
    let report = |error: &StoreError| {
        tracing::error!(error = ports::telemetry::chain(error), "a saved export cannot be read");
    };
    rows.iter().filter_map(|row| read(row).inspect_err(report).ok()).collect()
}

fn read_claim(row: &PgRow) -> Result<Claim, StoreError> {
    let rights: SavedRights = json(row, "rights")?;
    let failures: i32 = row.try_get("failures")?;
    Ok(Claim {
        id: row.try_get("id")?,
        tenant: tenant(row)?,
        definition: definition_of(row)?,
        rights: rights.of_key(row.try_get("key_id")?),
        edition: row.try_get("edition")?,
        failures: u32::try_from(failures).unwrap_or_default(),
        demanded: optional_instant(row, "demanded")?,
        next_tick: optional_instant(row, "next_tick")?,
        last_end: optional_instant(row, "last_end")?,
        now: instant(row, "now")?,
        claim: row.try_get("claim")?,
    })
}

fn read_ended(row: &PgRow) -> Result<EndedRun, StoreError> {
    let failures: i32 = row.try_get("failures")?;
    Ok(EndedRun {
        id: row.try_get("id")?,
        export: export_id(row, "export_id")?,
        tenant: tenant(row)?,
        definition: definition_of(row)?,
        tick: instant(row, "tick")?,
        demanded: row.try_get("demanded")?,
        failures: u32::try_from(failures).unwrap_or_default(),
        status: row.try_get("status")?,
    })
}

fn definition_of(row: &PgRow) -> Result<Definition, StoreError> {
    let name: String = row.try_get("name")?;
    definition(&name, json(row, "request")?, row.try_get("range_name")?, optional_json(row, "schedule")?)
}

fn tenant(row: &PgRow) -> Result<TenantId, StoreError> {
    row.try_get::<String, _>("tenant")?.parse().map_err(|e| StoreError::unreadable("tenant", e))
}

fn optional_instant(row: &PgRow, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
    let micros: Option<i64> = row.try_get(column)?;
    let read = |micros| Timestamp::from_microsecond(micros).map_err(|e| StoreError::unreadable(column, e));
    micros.map(read).transpose()
}

fn instant(row: &PgRow, column: &'static str) -> Result<Timestamp, StoreError> {
    optional_instant(row, column)?.ok_or_else(|| StoreError::unreadable(column, "it is null"))
}
