//! Read of a chunk under the snapshot of a cut.

use std::time::Duration;

use export::attempt::Attempt;
use export::cut::CutRead;
use export::id::{CutId, ExportId, KeeperId};
use export::usage::Usage;
use source::{Session, SourceCode, SourceError};
use store::{ReadNote, StoreError};

use crate::context::Context;
use crate::error::AttemptError;
use crate::notify::dispatch;

/// Opens a session that shows the snapshot of the cut. The keeper may have handed it over since the chunk was leased.
pub(crate) async fn session(
    ctx: &Context,
    read: &CutRead,
    patience: Duration,
) -> Result<Session, AttemptError> {
    let (mut holder, mut snapshot) = (read.holder, read.snapshot.clone());
    loop {
        let error = match ctx.source.session_at(&snapshot, patience).await {
            Err(error) if error.code == SourceCode::SnapshotGone => error,
            other => return other.map_err(AttemptError::Source),
        };
        match ctx.store.holder_of(read.cut).await? {
            Some((next, exported)) if next != holder => (holder, snapshot) = (next, exported),
            Some(_) => return Err(lost(read.cut, holder, not_imported(&error))),
            None => return Err(lost(read.cut, holder, error.to_string())),
        }
    }
}

/// Returns the reason why a snapshot could not be imported although its keeper has not ended.
fn not_imported(error: &SourceError) -> String {
    format!(
        "a worker could not import it ({error}): the source was restarted, or its address leads to several servers, \
         of which only one has the snapshot; SourceUrl must then name one of them"
    )
}

fn lost(cut: CutId, holder: KeeperId, why: String) -> AttemptError {
    AttemptError::CutLost { cut, holder, why }
}

/// Checks that the keepers have locked everything that this session reads since before the snapshot. A partition that
/// was attached since is not among it, and its rows would be shown.
pub(crate) async fn covers(session: &Session, read: &CutRead) -> Result<(), AttemptError> {
    let held = session.relations().await?;
    if !held.foreign.is_empty() {
        return Err(AttemptError::OutsideCut);
    }
    match held.relations.iter().find(|relation| !read.relations.contains(relation)) {
        None => Ok(()),
        Some(relation) => {
            let why = format!(
                "the relation with OID {relation} belongs to a dataset only since the snapshot was taken, or could not be locked"
            );
            Err(lost(read.cut, read.holder, why))
        }
    }
}

/// Returns the note of a read: time and horizon are those of the snapshot, and there is no proof for later checks, since
/// the transactions that it would be taken from are younger.
pub(crate) fn note(read: &CutRead) -> ReadNote {
    ReadNote { as_of_micros: read.as_of_micros, horizon_micros: read.horizon_micros, proof: None }
}

/// Gives back the chunk, then reports the cut as lost.
pub(crate) async fn give_back(
    ctx: &Context,
    attempt: &Attempt,
    (cut, holder): (CutId, KeeperId),
    why: &str,
    usage: &Usage,
) -> Result<Option<Vec<ExportId>>, StoreError> {
    tracing::warn!(chunk = %attempt.chunk, %cut, why, "the snapshot of the export is lost");
    ctx.store.hand_back(attempt.chunk, attempt.number, usage).await?;
    ctx.store.lose_cut(cut, holder, why).await?;
    dispatch(ctx).await;
    Ok(None)
}
