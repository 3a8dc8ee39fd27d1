//! Datasets: the tables and queries that may be exported.

mod list;
mod no_method;
mod show;

pub(crate) use list::list;
pub(crate) use no_method::no_method;
pub(crate) use show::show;

use export::catalog::{self, RangeColumn};
use export::column::Column;
use export::estimate::DatasetEstimate;
use export::manifest::{ColumnHead, rfc3339};
use export::range::RangeKind;
use export::wire;

fn dataset(name: &str, dataset: &catalog::Dataset, estimate: Option<&DatasetEstimate>) -> wire::Dataset {
    let heads = |columns: &[Column]| columns.iter().map(head).collect();
    wire::Dataset {
        name: name.to_owned(),
        columns: heads(&dataset.columns),
        filters: heads(&dataset.filters),
        range: dataset.range.as_ref().map(range),
        shared: dataset.shared,
        settle_after_seconds: dataset.settle_after_secs,
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
