//! Resolves one dataset of a catalog against the source: names, types, rights, estimates.
//!
//! Everything that is wrong is found at once. Only what is wrong with the source itself, such as a lost
//! connection, ends it early.

mod findings;

mod path;

mod column_type;

mod surface;

mod columns;

mod compare;

mod range;

mod order;

mod months;

mod bounds;

mod beyond;

mod index;

mod ask;

mod spread;

mod sample;

mod estimate;

mod refresh;

mod as_text;

mod advice;

use export::catalog::{Dataset, Definition};
use export::estimate::DatasetEstimate;
use export::problem::Violation;

pub use estimate::{Estimated, estimate};
pub use refresh::{Refreshed, refresh};

use super::{Inspector, SourceError};
use findings::Findings;

/// What became of one dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    /// With everything resolved; `None` if something is wrong with it.
    pub dataset: Option<Dataset>,
    /// What the planner believes about it.
    pub estimate: DatasetEstimate,
    /// Why it cannot be applied.
    pub violations: Vec<Violation>,
    /// What the operator should know.
    pub warnings: Vec<Violation>,
}

/// Resolves the dataset `name`; `tenants` is how many tenants there are.
///
/// # Errors
/// If the source cannot be asked. What is wrong with the dataset is in the [`Resolution`].
pub async fn resolve(
    inspector: &mut Inspector,
    name: &str,
    definition: &Definition,
    tenants: u64,
) -> Result<Resolution, SourceError> {
    let mut findings = Findings::new(name);
    inspector.seek_in(&definition.search_path);
    let (dataset, estimate) = dataset(inspector, definition, tenants, &mut findings).await?;
    let (violations, warnings) = findings.into_parts();
    let dataset = dataset.filter(|_| violations.is_empty());
    Ok(Resolution { dataset, estimate, violations, warnings })
}

async fn dataset(
    inspector: &mut Inspector,
    definition: &Definition,
    tenants: u64,
    findings: &mut Findings,
) -> Result<(Option<Dataset>, DatasetEstimate), SourceError> {
    path::check(inspector, definition, findings).await?;
    let Some(surface) = surface::find(inspector, definition, findings).await? else {
        return Ok((None, DatasetEstimate::default()));
    };
    let columns = columns::exported(definition, &surface, findings);
    let tenant_column = columns::tenant(inspector, definition, &surface, tenants, findings).await?;
    let filters = columns::filters(inspector, definition, &surface, findings).await?;
    let range = range::find(inspector, definition, &surface, findings).await?;
    let order = order::find(inspector, definition, &surface, findings).await?;
    let dataset = Dataset {
        from: surface.from.clone(),
        columns,
        range,
        tenant_column,
        shared: definition.shared,
        filters,
        settle_after_secs: definition.settle_after_secs(),
        order,
        epoch: definition.epoch.unwrap_or(1),
        search_path: definition.search_path.clone(),
    };
    // Without its columns or its range there is no statement to estimate.
    if dataset.columns.is_empty() || dataset.range.is_some() != definition.range_column.is_some() {
        return Ok((None, DatasetEstimate::default()));
    }
    let key = findings::key(definition);
    let Some(estimated) = findings.answer(key, estimate(inspector, &dataset).await)? else {
        return Ok((None, DatasetEstimate::default()));
    };
    if let Some(range) = &dataset.range {
        beyond::find(inspector, &dataset, range, findings).await?;
    }
    as_text::check(inspector, &dataset, key, findings).await?;
    advice::give(inspector, definition, &dataset, &surface, &estimated, findings).await?;
    Ok((Some(dataset), estimated.estimate))
}
