//! Estimates of a dataset that is in force, taken anew; the dataset stays as it was resolved.

use export::catalog::Dataset;
use export::estimate::DatasetEstimate;

use super::estimate::planned;
use crate::source::{Inspector, SourceError};

/// What became of a dataset's estimates.
#[derive(Clone, Debug, PartialEq)]
pub enum Refreshed {
    /// They are new; what was measured on rows is kept.
    Taken(Box<DatasetEstimate>),
    /// The source reads at this moment, or has hardly a session left.
    Busy,
    /// The dataset is no longer what was applied.
    Changed(String),
}

/// Most sessions of the server that may be taken for a question that can wait.
const BUSY_SHARE: f64 = 0.8;

/// Takes them, unless the source has other things to do. Only plans are asked for, and the first and
/// last value where that is cheap.
///
/// # Errors
/// If the source cannot be asked.
pub async fn refresh(
    inspector: &mut Inspector,
    dataset: &Dataset,
    before: &DatasetEstimate,
) -> Result<Refreshed, SourceError> {
    if is_busy(inspector).await? {
        return Ok(Refreshed::Busy);
    }
    inspector.seek_in(&dataset.search_path);
    let found = match inspector.describe(&dataset.from).await {
        Ok(found) => found,
        // 42: something it reads is gone or may not be read any more.
        Err(error) if error.sqlstate.as_deref().is_some_and(|state| state.starts_with("42")) => {
            return Ok(Refreshed::Changed(error.message));
        }
        Err(error) => return Err(error),
    };
    for column in &dataset.columns {
        let oid = found.iter().find(|(name, _)| *name == column.name).and_then(|(_, oid)| *oid);
        if oid != Some(column.oid) {
            let what = oid.map_or("is gone".to_owned(), |oid| {
                format!("has type oid {oid}, the catalog says {}", column.oid)
            });
            return Ok(Refreshed::Changed(format!("column {:?} {what}; run catalog apply", column.name)));
        }
    }
    let taken = planned(inspector, dataset).await?.estimated.estimate;
    Ok(Refreshed::Taken(Box::new(taken.measured(before.measured))))
}

/// Whether sessions of our role are reading, or the server has hardly any left. Our role sees no more of
/// others than that they are there.
async fn is_busy(inspector: &mut Inspector) -> Result<bool, SourceError> {
    let question = format!(
        "select exists (
    select from pg_catalog.pg_stat_activity where usename = current_user and pid <> pg_backend_pid() and state <> 'idle')
or (select sum(numbackends) from pg_catalog.pg_stat_database) > {BUSY_SHARE} * current_setting('max_connections')::integer"
    );
    Ok(inspector.text(&question).await?.as_deref() != Some("f"))
}
