//! Advice on the plans for the operator, with the plan lines that show the problem and the statement that fixes it.

mod filters;

mod order;

pub(super) mod statement;

mod unusable;

use export::catalog::{Dataset, Definition};

use super::estimate::{Estimated, Gap};
use super::findings::Findings;
use super::surface::Surface;
use source::{Inspector, SourceError};

/// Size from which a dataset must be read through an index unless the operator declares otherwise.
const LARGE_BYTES: u64 = 10_000_000_000;

/// Size from which a dataset of one chunk is reported.
const LARGE_CHUNK_BYTES: u64 = 2_000_000_000;

/// Adds the advice to the findings.
pub(super) async fn give(
    inspector: &mut Inspector,
    definition: &Definition,
    dataset: &Dataset,
    surface: &Surface,
    estimated: &Estimated,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    gap(dataset, surface, estimated, findings);
    uncut(dataset, surface, estimated, findings);
    unusable::find(inspector, dataset, surface, findings).await?;
    if estimated.culprit.is_some() {
        range(inspector, definition, dataset, surface, estimated, findings).await?;
    } else {
        filters::find(inspector, dataset, surface, estimated, findings).await?;
    }
    order::find(inspector, dataset, surface, estimated, findings).await
}

/// Reports the reason why months are not estimated.
fn gap(dataset: &Dataset, surface: &Surface, estimated: &Estimated, findings: &mut Findings) {
    let (Some(gap), Some(range)) = (estimated.gap, &dataset.range) else { return };
    let table = surface.relation.as_ref().filter(|_| statement::is_table(surface));
    let (what, remedy) = match (gap, table) {
        (Gap::Wide, _) => (
            "its values are more than 600 months apart, so only those in the middle are estimated".to_owned(),
            format!(
                "correct the outliers in {:?}; no action is needed if values such as 9999-12-31 are intended",
                range.name
            ),
        ),
        (Gap::Unbounded, Some(table)) => (
            "its first and last value are too expensive to read, so sizes are not estimated by month".to_owned(),
            format!("analyze {}; or create an index on the range column", table.quoted),
        ),
        (Gap::Unbounded, None) => (
            "its first and last value are too expensive to compute, so sizes are not estimated by month, and chunks are cut at calendar boundaries"
                .to_owned(),
            format!(
                "export a materialized view of it, with an index on {:?}; no action is needed if this is intended",
                range.name
            ),
        ),
    };
    findings.warning("range_column", format!("the range column {:?}: {what}", range.name), remedy);
}

/// Reports a large dataset that is one chunk, because neither dates nor a key divide its rows.
fn uncut(dataset: &Dataset, surface: &Surface, estimated: &Estimated, findings: &mut Findings) {
    let estimate = &estimated.estimate;
    let bytes = estimate.total.bytes;
    let is_cut =
        dataset.range.is_some() || (!estimate.key_bounds.is_empty() && dataset.tenant_column.is_none());
    if bytes < LARGE_CHUNK_BYTES || is_cut {
        return;
    }
    let (why, remedy) = match (&dataset.key, surface.relation.as_ref()) {
        (_, _) if dataset.tenant_column.is_some() => ("it has a tenant column", String::new()),
        (Some(key), Some(table)) => (
            "its rows are not stored in the order of its key, or it was not analyzed",
            format!(", analyze {}, or cluster it by the index of {:?}", table.quoted, key.column),
        ),
        (None, Some(_)) if statement::is_table(surface) => (
            "it has no index that begins with an integer or a uuid that is not null",
            ", or create such an index".to_owned(),
        ),
        _ => ("it is not a table", String::new()),
    };
    let message = format!(
        "the dataset is one chunk of {}, which one worker has to read within its time: {why}",
        statement::size(bytes)
    );
    findings.warning(
        "range_column",
        message,
        format!("name a date or timestamp with an index as range_column{remedy}"),
    );
}

/// Reports the relation that must be read as a whole to find a day.
async fn range(
    inspector: &mut Inspector,
    definition: &Definition,
    dataset: &Dataset,
    surface: &Surface,
    estimated: &Estimated,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    let (Some(culprit), Some(range)) = (&estimated.culprit, &dataset.range) else { return Ok(()) };
    let large = estimated.estimate.total.bytes > LARGE_BYTES;
    let wanted = definition.require_index.unwrap_or(large);
    if definition.require_index == Some(false) {
        return Ok(());
    }
    let (schema, name) = &culprit.relation;
    let table = statement::quoted(inspector, &[schema, name]).await?.join(".");
    let mut message = format!(
        "selecting a day of {:?} requires reading {} of {table}, so the dataset is one chunk{}",
        range.name,
        statement::size(culprit.bytes),
        statement::shown(&culprit.lines)
    );
    let mut remedy = if statement::is_table(surface) {
        let names: Vec<&str> =
            dataset.tenant_column.iter().map(|by| by.name.as_str()).chain([range.name.as_str()]).collect();
        statement::create_index(inspector, surface, &table, &names).await?
    } else {
        format!(
            "create an index (concurrently) on the column of {table} that {:?} comes from, and select that column without an expression",
            range.name
        )
    };
    if wanted {
        let why = if large { "the dataset is above 10 GB" } else { "require_index is true" };
        message.push_str(&format!("\n    {why}"));
        remedy.push_str("\n    or set require_index = false");
        findings.violation("range_column", message, remedy);
    } else {
        findings.warning("range_column", message, remedy);
    }
    Ok(())
}
