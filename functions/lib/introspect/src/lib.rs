//! Resolution of one dataset of a catalog against the source: names, types, rights, estimates; and the suggestion of a
//! catalog for a source.
//!
//! All errors of the definition are found in one pass. Then the chunk's own statements are sent, and only if the
//! source accepts them are estimates and advice determined. A statement that the source refuses is a violation of
//! this dataset. The check of a catalog ends early only if the source has no free session.

mod findings;

mod names;

mod privileges;

mod search_path;

mod column_type;

mod surface;

mod columns;

mod compare;

mod range;

mod key;

mod order;

mod months;

mod bounds;

mod out_of_range;

mod index;

mod explain_sql;

mod skew;

mod sample;

mod test_copy;

mod estimate;

mod refresh;

mod revalidation;

mod as_text;

mod advice;

mod suggest;

use export::catalog::{Dataset, Definition};
use export::estimate::DatasetEstimate;
use export::problem::Violation;

pub use estimate::{Estimated, estimate};
pub use refresh::{Refreshed, refresh};
pub use suggest::{SuggestOptions, Suggested, Suggestion, suggest};

use findings::Findings;
use source::{Inspector, SourceCode, SourceError};

/// Outcome of resolving one dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolution {
    /// The resolved dataset; `None` if there is a violation.
    pub dataset: Option<Dataset>,
    /// Planner estimates of the dataset.
    pub estimate: DatasetEstimate,
    /// Violations that prevent it from being applied.
    pub violations: Vec<Violation>,
    /// Warnings for the operator.
    pub warnings: Vec<Violation>,
}

/// Resolves the dataset `name`; `tenants` is the number of tenants.
///
/// # Errors
/// If the source has no free session. Errors of the dataset are in the [`Resolution`], and the session is ready for
/// the next dataset.
pub async fn resolve(
    inspector: &mut Inspector,
    name: &str,
    definition: &Definition,
    tenants: u64,
) -> Result<Resolution, SourceError> {
    let mut lost_before = false;
    inspector.seek_in(&definition.search_path);
    loop {
        let mut findings = Findings::new(name);
        let found = match dataset(inspector, definition, tenants, &mut findings).await {
            Ok(found) => found,
            Err(error) => {
                let lost = inspector.recover().await?;
                if lost && !lost_before && error.code != SourceCode::SessionTimeout {
                    // The server restarted, or the connection broke: that is not attributed to the dataset the first
                    // time. A timeout of the server would end the next session too.
                    lost_before = true;
                    continue;
                }
                if error.refused() {
                    return Err(error);
                }
                privileges::report(inspector, definition, &error, &mut findings).await?;
                (None, DatasetEstimate::default())
            }
        };
        let (dataset, estimate) = found;
        let (violations, warnings) = findings.into_parts();
        let dataset = dataset.filter(|_| violations.is_empty());
        return Ok(Resolution { dataset, estimate, violations, warnings });
    }
}

async fn dataset(
    inspector: &mut Inspector,
    definition: &Definition,
    tenants: u64,
    findings: &mut Findings,
) -> Result<(Option<Dataset>, DatasetEstimate), SourceError> {
    let nothing = || (None, DatasetEstimate::default());
    search_path::check(inspector, definition, findings).await?;
    let Some(surface) = surface::find(inspector, definition, findings).await? else {
        return Ok(nothing());
    };
    let columns = columns::exported(definition, &surface, findings);
    let tenant_column = columns::tenant(inspector, definition, &surface, tenants, findings).await?;
    let filters = columns::filters(inspector, definition, &surface, findings).await?;
    let range = range::find(inspector, definition, &surface, findings).await?;
    let key = match definition.range_column {
        None => key::find(inspector, &surface).await?,
        Some(_) => None,
    };
    let order = order::find(inspector, definition, &surface, findings).await?;
    let dataset = Dataset {
        from: surface.from.clone(),
        columns,
        range,
        key,
        tenant_column,
        shared: definition.shared,
        filters,
        settle_after_secs: definition.settle_after_secs(),
        order,
        epoch: definition.epoch.unwrap_or(1),
        search_path: definition.search_path.clone(),
    };
    // Without columns or range there is no statement to send.
    if dataset.columns.is_empty() || dataset.range.is_some() != definition.range_column.is_some() {
        return Ok(nothing());
    }
    test_copy::run(inspector, definition, &dataset, findings).await?;
    if findings.violations() > 0 {
        return Ok(nothing());
    }
    let estimated = estimate(inspector, &dataset).await?;
    if let Some(range) = &dataset.range {
        out_of_range::find(inspector, &dataset, range, findings).await?;
    }
    as_text::check(inspector, &dataset, findings::key(definition), findings).await?;
    advice::give(inspector, definition, &dataset, &surface, &estimated, findings).await?;
    Ok((Some(dataset), estimated.estimate))
}
