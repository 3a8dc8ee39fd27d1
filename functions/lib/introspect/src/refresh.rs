//! Renewed estimates of a dataset in force; the dataset itself stays as it was resolved.

use export::catalog::Dataset;
use export::estimate::DatasetEstimate;

use super::estimate::planned;
use source::{Inspector, SourceError};

/// Outcome of renewing a dataset's estimates.
#[derive(Clone, Debug, PartialEq)]
pub enum Refreshed {
    /// The estimates are new; values measured on rows are kept.
    Taken(Box<DatasetEstimate>),
    /// The source is being read at the moment, or has hardly any free session.
    Busy,
    /// The dataset no longer matches the one that was applied.
    Changed(String),
}

/// Maximum share of the server's sessions in use at which a query that can wait is still made.
const BUSY_SHARE: f64 = 0.8;

/// Renews the estimates, unless the source is busy. Only plans are read, and the first and last value if that is
/// cheap.
///
/// # Errors
/// If the source cannot be queried.
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
        // 42: an object it reads is gone or may no longer be read.
        Err(error) if error.sqlstate.as_deref().is_some_and(|state| state.starts_with("42")) => {
            return Ok(Refreshed::Changed(error.message));
        }
        Err(error) => return Err(error),
    };
    for column in &dataset.columns {
        let oid = found.iter().find(|(name, _)| *name == column.name).and_then(|(_, oid)| *oid);
        if oid != Some(column.oid) {
            let (name, expected) = (&column.name, column.oid);
            let what = oid.map_or_else(
                || format!("column {name:?} was removed"),
                |oid| {
                    format!("the type of column {name:?} changed after the catalog was applied (type OID {expected}, now {oid})")
                },
            );
            return Ok(Refreshed::Changed(format!("{what}; run `sluice admin catalog apply`")));
        }
    }
    let taken = planned(inspector, dataset).await?.estimated.estimate;
    Ok(Refreshed::Taken(Box::new(taken.measured(before.measured))))
}

/// Reports whether sessions of the source role are reading, or the server has hardly any free session. Of other
/// roles' sessions the source role can only read that they exist.
async fn is_busy(inspector: &mut Inspector) -> Result<bool, SourceError> {
    let question = format!(
        "select exists (
    select from pg_catalog.pg_stat_activity where usename = current_user and pid <> pg_backend_pid() and state <> 'idle')
or (select sum(numbackends) from pg_catalog.pg_stat_database) > {BUSY_SHARE} * current_setting('max_connections')::integer"
    );
    Ok(inspector.text(&question).await?.as_deref() != Some("f"))
}
