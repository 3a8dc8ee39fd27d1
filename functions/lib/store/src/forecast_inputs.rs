//! Inputs of a forecast: the speed and size of the tenant's recent chunks, and its waiting chunks. Nothing here is of
//! another tenant.

use std::collections::BTreeMap;

use export::forecast::{Own, Past, Seen, Workload};
use export::format::Output;
use export::id::TenantId;
use export::plan::Target;
use sqlx::Row;
use sqlx::types::Json;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{count, json};

/// Inputs of a forecast that come from the store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForecastInputs {
    /// Recent chunks of the tenant in the same format and compression.
    pub seen: Seen,
    /// Size of the tenant's recent chunks, by dataset: datasets with a tenant column, with the same columns and
    /// filters.
    pub past: BTreeMap<String, Own>,
    /// Maximum number of concurrent source sessions.
    pub budget: u32,
    /// Hours for which files are kept.
    pub kept_hours: u32,
    /// True if the operator has paused all exports.
    pub paused: bool,
    /// The tenant's waiting chunks. Bytes are those of datasets without a tenant column; the plan of the others is
    /// based on the data of all tenants.
    pub own: Workload,
}

/// Sums over the chunks of one dataset and kind of range.
#[derive(serde::Deserialize)]
struct Sum {
    dataset: String,
    of: String,
    chunks: u64,
    rows: u64,
    bytes: u64,
    units: f64,
}

impl Store {
    /// Returns the inputs for forecasting an export of `tenant`: of the datasets in `within` alone, or of any. At
    /// most 20,000 waiting chunks are counted.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn forecast_inputs(
        &self,
        tenant: &TenantId,
        output: &Output,
        targets: &[Target],
        within: Option<&[String]>,
    ) -> Result<ForecastInputs, StoreError> {
        let hidden: Vec<_> =
            targets.iter().filter(|target| target.selection.tenant_column.is_some()).collect();
        let datasets: Vec<_> = hidden.iter().map(|target| target.selection.dataset.clone()).collect();
        let selections: Vec<_> = hidden.iter().map(|target| Json(&target.selection)).collect();
        let lengths: Vec<_> =
            hidden.iter().map(|target| target.span.map(|span| span.end.saturating_sub(span.start))).collect();
        let mut tx = self.begin().await?;
        let query = sql(include_str!("../sql/forecast_inputs/waiting_and_recent.sql"))
            .bind(tenant.as_str())
            .bind(Json(output))
            .bind(datasets)
            .bind(selections)
            .bind(lengths)
            .bind(within);
        let row = tx.one(query).await?;
        tx.commit().await?;
        let mut past: BTreeMap<String, Own> = BTreeMap::new();
        for sum in json::<Vec<Sum>>(&row, "past")? {
            let own = past.entry(sum.dataset).or_default();
            let part = match sum.of.as_str() {
                "all" => &mut own.whole,
                "null" => &mut own.nulls,
                _ => &mut own.spans,
            };
            *part = Past { chunks: sum.chunks, rows: sum.rows, bytes: sum.bytes, units: sum.units };
        }
        let setting = |name| row.try_get::<i32, _>(name).map(i32::unsigned_abs);
        Ok(ForecastInputs {
            seen: Seen {
                chunks: count(&row, "chunks")?,
                source_bytes: count(&row, "source_bytes")?,
                file_bytes: count(&row, "file_bytes")?,
                first_row_ms: count(&row, "first_row_ms")?,
                read_ms: count(&row, "read_ms")?,
                busy_ms: count(&row, "busy_ms")?,
            },
            past,
            budget: setting("budget")?,
            kept_hours: setting("kept_hours")?,
            paused: row.try_get("paused")?,
            own: Workload { chunks: count(&row, "waiting_chunks")?, bytes: count(&row, "waiting_bytes")? },
        })
    }
}
