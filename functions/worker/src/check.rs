//! Check of a chunk that was read before: if the source shows that nothing has changed, its file is linked and no row is
//! read.
//!
//! Nothing that goes wrong here can fail a chunk: the next attempt takes no proof, checks nothing and reads the rows.

use std::time::Instant;

use export::attempt::Attempt;
use export::file::FileRecord;
use export::id::ExportId;
use export::proof::{Check, Proof};
use ports::fault::Point;
use ports::telemetry::chain;
use source::Session;
use store::Linked;
use tokio::time::timeout;

use crate::context::Context;
use crate::deadline::Deadline;
use crate::error::AttemptError;
use crate::usage::Meter;

/// Share of the function's time that a check may take. It takes about a tenth of the time of the COPY, which must fit into
/// the rest.
const CHECK_SHARE: u32 = 4;

/// Result of an attempt that succeeds.
#[derive(Debug)]
pub(crate) enum Made {
    /// A file that is complete but not recorded yet.
    File(FileRecord),
    /// The file of an earlier chunk is linked, in these exports.
    Unchanged(Vec<ExportId>),
}

/// Takes the proof by which a later attempt can check the rows that this one reads. `None` if there can be
/// none, if an attempt has failed, or if the operator has turned checks off.
pub(crate) async fn prove(
    ctx: &Context,
    session: &Session,
    attempt: &Attempt,
) -> Result<Option<Proof>, AttemptError> {
    if attempt.failures > 0 || !attempt.proves {
        return Ok(None);
    }
    let proof = session.prove(&attempt.selection).await.map_err(AttemptError::Check)?;
    Ok(proof.map(|proof| Proof { bucket: ctx.objects.bucket().to_owned(), ..proof }))
}

/// Links the file of the earlier chunk if the source shows that it is unchanged. Returns the exports that now have it;
/// `None` if the rows must be read.
pub(crate) async fn unchanged(
    ctx: &Context,
    attempt: &Attempt,
    session: &Session,
    now: Option<&Proof>,
    meter: &mut Meter,
    deadline: Deadline,
) -> Result<Option<Vec<ExportId>>, AttemptError> {
    let (Some(check), Some(now)) = (&attempt.check, now) else { return Ok(None) };
    if check.proof.bucket != now.bucket {
        tracing::info!(chunk = %attempt.chunk, earlier = %check.chunk, "the earlier file is in another bucket");
        discard(ctx, check).await;
        return Ok(None);
    }
    let begun = Instant::now();
    let found = session.is_unchanged(&attempt.selection, &attempt.range, &attempt.tenant, check, now);
    let found = timeout(deadline.left / CHECK_SHARE, found).await;
    let same = found.map_err(|_| AttemptError::CheckOutOfTime)?.map_err(AttemptError::Check)?;
    let check_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let about = (attempt.chunk, attempt.number, check.chunk);
    if !same {
        tracing::info!(chunk = %about.0, attempt = about.1, earlier = %about.2, check_ms, "the rows of the chunk may have changed");
        discard(ctx, check).await;
        return Ok(None);
    }
    ctx.store.faults().crash(Point::Checked);
    match ctx.store.link_unchanged(attempt, check, now, &meter.usage()).await? {
        Linked::Unchanged(exports) => {
            tracing::info!(chunk = %about.0, attempt = about.1, earlier = %about.2, rows = check.rows, check_ms,
                dataset = attempt.selection.dataset, "nothing has changed; the earlier file is linked");
            Ok(Some(exports))
        }
        Linked::Gone => {
            tracing::info!(chunk = %about.0, attempt = about.1, earlier = %about.2, "the earlier file is gone");
            Ok(None)
        }
        Linked::Fenced => Err(AttemptError::Lost),
    }
}

/// Discards the proof of a chunk that has changed. Best effort: otherwise the next check finds the same.
async fn discard(ctx: &Context, check: &Check) {
    if let Err(error) = ctx.store.discard_proof(check).await {
        tracing::warn!(chunk = %check.chunk, error = chain(&error), "the proof could not be discarded");
    }
}
