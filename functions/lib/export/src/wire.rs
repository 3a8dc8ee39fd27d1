//! The HTTP contract, version 1: the bodies that the api and the client exchange.
//!
//! There is no business logic here. JSON is in camelCase; times are RFC 3339 in UTC; sizes are bytes; an absent key,
//! or null for the figures of a dry run, means "not known" or "not yet".

mod datasets;
mod delivery;
mod export;
mod files;
mod limits;
mod plan;
mod problem;
mod request;
mod saved;
#[cfg(test)]
mod schema;

pub use datasets::{Dataset, DatasetList, DatasetRange, FilterColumn};
pub use delivery::{Delivery, DeliveryError, DestinationEntry, DestinationList};
pub use export::{
    BackOff, ChunkCounts, ChunkError, Export, ExportList, Links, Progress, Running, SnapshotState,
};
pub use files::{AttemptEntry, ChunkEntry, ChunkList, FileEntry, FileList};
pub use limits::{DailyQuota, Quota, TenantLimits};
pub use plan::{CostItems, DryRun, Forecast, PlanCounts, PlannedDataset};
pub use problem::{Health, PROBLEM_MEDIA_TYPE, Problem};
pub use request::{
    All, DatasetChoice, DatasetRequest, Datasets, ExportRequest, Layout, LayoutName, Partitioned,
};

pub use saved::{
    RunOutcome, SavedExport, SavedList, SavedRequest, SavedRunEntry, SavedRunList, ScheduleRequest,
};

/// Common prefix of all paths of this version.
pub const BASE_PATH: &str = "/api/v1";
