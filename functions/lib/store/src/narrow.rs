//! Revocation of selections that a new catalog no longer allows: unread chunks fail, read ones are no longer reused.

use std::collections::BTreeMap;

use export::catalog::Revision;
use export::id::ExportId;
use export::selection::Selection;
use sqlx::Row;
use uuid::Uuid;

use super::connection::{Store, Tx, sql};
use super::error::StoreError;
use super::ranges::{count, ids, json};

/// Selections of one dataset that a catalog revokes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// Reasons, each once.
    pub reasons: Vec<String>,
    /// Number of chunks that had been read and are no longer reused.
    pub forgotten: u64,
    /// Number of chunks of running exports that failed before they were read.
    pub failed: u64,
    /// Exports that these failed chunks belong to.
    pub exports: Vec<ExportId>,
}

/// Applies `revision` to all selections that do not fit it, or to all selections if the source has `moved`: fails
/// unread chunks and stops the reuse of read ones. The caller holds the catalog's lock, so that no export is accepted
/// meanwhile.
pub(super) async fn narrow(
    tx: &mut Tx,
    revision: &Revision,
    moved: bool,
) -> Result<BTreeMap<String, Narrowed>, StoreError> {
    let mut narrowed: BTreeMap<String, Narrowed> = BTreeMap::new();
    let (fingerprints, reasons) = unfit(tx, revision, moved, &mut narrowed).await?;
    if fingerprints.is_empty() {
        return Ok(narrowed);
    }
    let lock = sql(include_str!("../sql/narrow/lock.sql"));
    let rows = tx.all(lock.bind(&fingerprints)).await?;
    let chunks = ids(&rows)?;
    let fail = sql(include_str!("../sql/narrow/fail.sql")).bind(&chunks).bind(&fingerprints).bind(&reasons);
    for row in tx.all(fail).await? {
        let one = narrowed.entry(row.try_get("dataset")?).or_default();
        one.failed = count(&row, "chunks")?;
        let exports: Option<Vec<Uuid>> = row.try_get("exports")?;
        one.exports = exports.into_iter().flatten().map(ExportId::from).collect();
    }
    for row in tx.all(sql(include_str!("../sql/narrow/forget.sql")).bind(&chunks)).await? {
        narrowed.entry(row.try_get("dataset")?).or_default().forgotten = count(&row, "chunks")?;
    }
    tx.run(sql(include_str!("../sql/cancel/release.sql")).bind(&chunks)).await?;
    Ok(narrowed)
}

/// Returns what [`narrow`] would do now, without doing it or locking anything.
pub(super) async fn preview(
    tx: &mut Tx,
    revision: &Revision,
    moved: bool,
) -> Result<BTreeMap<String, Narrowed>, StoreError> {
    let mut narrowed: BTreeMap<String, Narrowed> = BTreeMap::new();
    let (fingerprints, _) = unfit(tx, revision, moved, &mut narrowed).await?;
    if fingerprints.is_empty() {
        return Ok(narrowed);
    }
    for row in tx.all(sql(include_str!("../sql/narrow/preview.sql")).bind(&fingerprints)).await? {
        let one = narrowed.entry(row.try_get("dataset")?).or_default();
        (one.failed, one.forgotten) = (count(&row, "failing")?, count(&row, "forgotten")?);
        let exports: Option<Vec<Uuid>> = row.try_get("exports")?;
        one.exports = exports.into_iter().flatten().map(ExportId::from).collect();
    }
    Ok(narrowed)
}

/// Returns the selections in use that do not fit, and the message for their exports.
async fn unfit(
    tx: &mut Tx,
    revision: &Revision,
    moved: bool,
    narrowed: &mut BTreeMap<String, Narrowed>,
) -> Result<(Vec<Vec<u8>>, Vec<String>), StoreError> {
    let used = sql(include_str!("../sql/narrow/used.sql"));
    let (mut fingerprints, mut messages) = (Vec::new(), Vec::new());
    for row in tx.all(used).await? {
        let selection: Selection = json(&row, "body")?;
        let why = match selection.fits(revision) {
            _ if moved => "the source is a different database".to_owned(),
            Err(unfit) => unfit.to_string(),
            Ok(()) => continue,
        };
        messages.push(format!(
            "the catalog changed before this range was read: {why}; retry the export to read {} again under the current catalog, or create a new export",
            selection.dataset
        ));
        fingerprints.push(row.try_get("fingerprint")?);
        let reasons = &mut narrowed.entry(selection.dataset).or_default().reasons;
        if !reasons.contains(&why) {
            reasons.push(why);
        }
    }
    Ok((fingerprints, messages))
}

impl Store {
    /// Fails the exports that have nothing left to read. The sweeper would do it too.
    pub(super) async fn finish_narrowed(
        &self,
        narrowed: &BTreeMap<String, Narrowed>,
    ) -> Result<(), StoreError> {
        for export in narrowed.values().flat_map(|n| &n.exports) {
            self.finish(*export).await?;
        }
        Ok(())
    }
}
