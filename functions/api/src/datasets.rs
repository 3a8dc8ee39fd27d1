//! Datasets: the tables and queries that may be exported.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use export::catalog::{self, RangeColumn};
use export::column::Column;
use export::estimate::DatasetEstimate;
use export::manifest::{ColumnHead, rfc3339};
use export::range::RangeKind;
use export::wire;
use http::{StatusCode, Uri, header};

use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::query::Params;
use crate::{response, visible};

/// `GET /datasets`.
pub(crate) async fn list(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let applied = visible::in_force(&context, &caller).await?;
    let datasets = applied.revision.datasets.iter();
    let list = wire::DatasetList {
        revision: applied.revision_id.clone(),
        datasets: datasets.map(|(name, d)| dataset(name, d, applied.estimates.get(name))).collect(),
    };
    response::json(StatusCode::OK, &list)
}

/// `GET /datasets/{name}`. Names are case-insensitive.
pub(crate) async fn show(
    State(context): State<Context>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let (applied, known) = visible::find(&context, &caller, &name).await?;
    let known = known.as_deref().and_then(|name| applied.revision.find(name));
    let (name, found) = known.ok_or_else(|| ApiError::no_dataset(&name, &applied.revision))?;
    response::json(StatusCode::OK, &dataset(name, found, applied.estimates.get(name)))
}

/// Methods other than `POST` at `/{dataset}`: 405 if the dataset exists, 404 otherwise.
pub(crate) async fn no_method(
    State(context): State<Context>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    match visible::find(&context, &caller, &name).await?.1 {
        Some(_) => Err(ApiError::no_method()),
        None => Err(ApiError::no_path()),
    }
}

/// `OPTIONS /{dataset}`: 204 if the dataset exists, 404 otherwise.
pub(crate) async fn options(
    State(context): State<Context>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    match visible::find(&context, &caller, &name).await?.1 {
        Some(_) => Ok((StatusCode::NO_CONTENT, [(header::ALLOW, "POST, OPTIONS")]).into_response()),
        None => Err(ApiError::no_path()),
    }
}

fn dataset(name: &str, dataset: &catalog::Dataset, estimate: Option<&DatasetEstimate>) -> wire::Dataset {
    let revalidation = estimate.and_then(|estimate| estimate.revalidation.as_ref());
    wire::Dataset {
        name: name.to_owned(),
        columns: dataset.columns.iter().map(head).collect(),
        filters: dataset.filters.iter().map(filter).collect(),
        range: dataset.range.as_ref().map(range),
        shared: dataset.shared,
        settle_after_seconds: dataset.settle_after_secs,
        revalidates: revalidation.map(|found| found.because.is_none()),
        because: revalidation.and_then(|found| found.because.clone()),
        ordered: !dataset.order.is_empty(),
        // An estimate over the rows of all tenants would reveal how many rows the other tenants have.
        estimated_rows: estimate.filter(|_| dataset.tenant_column.is_none()).map(|e| e.total.rows),
        estimated_bytes: estimate.filter(|_| dataset.tenant_column.is_none()).map(|e| e.total.bytes),
        estimated_at: estimate.and_then(|e| e.taken_micros).map(rfc3339),
    }
}

fn head(column: &Column) -> ColumnHead {
    ColumnHead { name: column.name.clone(), type_name: column.type_name.clone(), parquet: None }
}

fn filter(column: &Column) -> wire::FilterColumn {
    // The labels of an array are those of its elements, which are no values of the column.
    let values = if column.array { vec![] } else { column.labels.clone() };
    wire::FilterColumn { name: column.name.clone(), type_name: column.type_name.clone(), values }
}

fn range(column: &RangeColumn) -> wire::DatasetRange {
    let type_name = match column.kind {
        RangeKind::Date => "date",
        RangeKind::Wall => "timestamp",
        RangeKind::Instant => "timestamptz",
    };
    wire::DatasetRange {
        column: column.name.clone(),
        type_name: type_name.to_owned(),
        time_zone: column.time_zone.clone().unwrap_or_else(|| "UTC".to_owned()),
        include_nulls: column.include_nulls,
    }
}
