//! One attempt: one session, one COPY, one snapshot, at most one file.
//!
//! An attempt writes at most one of five outcomes, each fenced by the attempt's number: the file's record, the link to an
//! unchanged file, the failure, the back-off or the split. It writes nothing if the lease is lost. The order makes it safe: the object is
//! complete before it is recorded, and it is removed only while no record can name it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use export::attempt::Attempt;
use export::file::{FileRecord, Naming};
use export::id::{ExportId, hex};
use export::usage::Usage;
use ports::fault::{Faults, Point};
use ports::objects::Meta;
use ports::telemetry::chain;
use source::{SourceError, sql::copy_sql};
use store::{Noted, ReadNote, StoreError};
use tokio::time::{sleep, sleep_until};

use crate::check::Made;
use crate::context::Context;
use crate::deadline::Deadline;
use crate::decode::FramingLimits;
use crate::end::{fail, give_back, insist};
use crate::error::AttemptError;
use crate::notify::{dispatch, send_deliveries};
use crate::pipeline::{Gauge, Pipeline, Recipe};
use crate::silence::Silence;
use crate::split::{self, SplitReason};
use crate::upload::Uploader;
use crate::usage::Meter;
use crate::{check, cut, heartbeat, metrics};

/// Maximum wait for a source session. One is nearly always free unless the budget is wrong.
const SESSION_PATIENCE: Duration = Duration::from_secs(30);

/// Interval at which the size of the chunk is checked.
const WATCH: Duration = Duration::from_millis(100);

/// Runs one attempt, records its outcome, then finishes completed exports and dispatches the next chunks.
pub async fn run(ctx: &Context, attempt: &Attempt, deadline: Deadline) {
    let leased = Instant::now();
    let gauge = Arc::new(Gauge::default());
    let silence = Silence::default();
    let mut meter = Meter::start(attempt.waited_ms);
    let mut upload = Uploader::new(ctx.objects.clone(), attempt.key(), meta(attempt));
    let made = tokio::select! {
        made = read(ctx, attempt, &mut upload, &mut meter, &gauge, deadline) => made,
        lost = heartbeat::until_lost(&ctx.store, attempt, ctx.lease, leased.into()) => Err(lost),
        (why, seen_bytes) = too_large(ctx, attempt, deadline, &gauge, &silence) => Err(AttemptError::TooLarge { why, seen_bytes }),
        late = out_of_time(ctx, attempt, deadline, &gauge, &silence) => Err(late),
    };
    let usage = meter.usage();
    metrics::ended(attempt, &made, &usage);
    // From here on nothing may be interrupted: after an interrupted call it is unknown whether the record was
    // written.
    let exports = conclude(ctx, attempt, made, upload, &usage, deadline).await;
    follow_up(ctx, &exports).await;
}

/// Waits until the attempt's time is over. The outcome is a split if a split may help. If nothing arrived lately, the
/// source or the network may have failed without an error; that is then the reason recorded. If the source is
/// reachable again and rows had arrived before, the first such attempt is retried.
async fn out_of_time(
    ctx: &Context,
    attempt: &Attempt,
    deadline: Deadline,
    gauge: &Gauge,
    silence: &Silence,
) -> AttemptError {
    sleep_until(deadline.last_call().into()).await;
    let (seen_bytes, silent) = (gauge.source_bytes(), silence.is_long(deadline));
    match split::due_at_last(attempt, seen_bytes).filter(|_| !gauge.ended()) {
        Some(why) => AttemptError::TooLarge { why, seen_bytes },
        None if gauge.ended() => AttemptError::UploadOutOfTime,
        None if silent && Box::pin(ctx.source.ping()).await.is_err() => {
            AttemptError::Source(SourceError::silent())
        }
        None => AttemptError::OutOfTime { again: silent && seen_bytes > 0 && attempt.failures == 0 },
    }
}

/// Writes the rows of the source to a file, which is complete but not recorded yet; or links the file of an earlier chunk
/// that is unchanged.
async fn read(
    ctx: &Context,
    attempt: &Attempt,
    upload: &mut Uploader,
    meter: &mut Meter,
    gauge: &Arc<Gauge>,
    deadline: Deadline,
) -> Result<Made, AttemptError> {
    let begun = Instant::now();
    let session = match &attempt.cut {
        None => ctx.source.session(SESSION_PATIENCE).await?,
        Some(read) => cut::session(ctx, read, SESSION_PATIENCE).await?,
    };
    meter.times().connect_ms = elapsed_ms(begun);
    if let Some(excess) = ctx.load.excess(&session.load(ctx.load).await?) {
        return Err(AttemptError::Busy(excess));
    }
    let described = session.describe(&attempt.selection).await?;
    let proof = check::prove(ctx, &session, attempt).await?;
    let mut note = ReadNote {
        as_of_micros: described.as_of_micros,
        horizon_micros: described.horizon_micros(),
        proof: proof.clone(),
    };
    if let Some(read) = &attempt.cut {
        cut::covers(&session, read).await?;
        note = cut::note(read);
    }
    note_read(ctx, attempt, &note).await?;
    if let Some(exports) = check::unchanged(ctx, attempt, &session, proof.as_ref(), meter, deadline).await? {
        return Ok(Made::Unchanged(exports));
    }
    let rows = session.copy(copy_sql(&attempt.selection, &attempt.range, &attempt.tenant)).await?;
    let pipeline = Pipeline::start(rows, recipe(ctx, attempt), gauge.clone());
    transfer(pipeline, attempt, upload, meter, ctx.store.faults()).await.map(Made::File)
}

/// Records `as_of` and the horizon of the file in the store before the first row is read, so that the store knows
/// whether the file may be reused.
async fn note_read(ctx: &Context, attempt: &Attempt, note: &ReadNote) -> Result<(), AttemptError> {
    match ctx.store.note_read(attempt, note).await? {
        Noted::Reading => Ok(()),
        Noted::Resumed => {
            // This attempt was the probe. The other chunks need not wait until it has finished.
            dispatch(ctx).await;
            Ok(())
        }
        Noted::Fenced => Err(AttemptError::Lost),
    }
}

/// Sends the parts to the bucket. Completes the object once its last byte is verified.
async fn transfer(
    mut pipeline: Pipeline<SourceError>,
    attempt: &Attempt,
    upload: &mut Uploader,
    meter: &mut Meter,
    faults: &Faults,
) -> Result<FileRecord, AttemptError> {
    let begun = Instant::now();
    for number in 1.. {
        let Some(part) = pipeline.part().await else { break };
        upload.part(part).await?;
        // The first part is being sent, and there may be no later one.
        if number == 2 {
            faults.crash(Point::Uploading);
        }
    }
    let made = pipeline.finish().await?;
    if made.rows > 0 && split::is_due_for_partitions(attempt) {
        let seen_bytes = made.source_bytes;
        return Err(AttemptError::TooLarge { why: SplitReason::Partitions, seen_bytes });
    }
    let encoded = Instant::now();
    upload.complete().await?;
    let times = meter.times();
    (times.first_row_ms, times.read_ms, times.encode_ms) = (made.first_row_ms, made.read_ms, made.encode_ms);
    times.finish_ms = millis(encoded.duration_since(begun)).saturating_sub(made.read_ms);
    times.upload_ms = elapsed_ms(encoded);
    Ok(FileRecord {
        attempt: attempt.number,
        rows: made.rows,
        bytes: made.bytes,
        source_bytes: made.source_bytes,
        sha256: made.sha256.map(|hash| hex(&hash)),
    })
}

/// Returns once the chunk must be split, with the bytes read until then.
async fn too_large(
    ctx: &Context,
    attempt: &Attempt,
    deadline: Deadline,
    gauge: &Gauge,
    silence: &Silence,
) -> (SplitReason, u64) {
    loop {
        sleep(WATCH).await;
        silence.watch(gauge);
        let (seen, elapsed) = (gauge.source_bytes(), deadline.begun.elapsed());
        if seen > 0 {
            ctx.store.faults().crash(Point::Copying);
        }
        // Once everything is read, a split would only repeat the work.
        if !gauge.ended()
            && let Some(why) = split::due(attempt, ctx.sizes, seen, elapsed, deadline.left)
        {
            return (why, seen);
        }
    }
}

/// Records the outcome of the attempt. Returns the exports that may now be finished.
async fn conclude(
    ctx: &Context,
    attempt: &Attempt,
    made: Result<Made, AttemptError>,
    upload: Uploader,
    usage: &Usage,
    deadline: Deadline,
) -> Vec<ExportId> {
    let error = match made {
        Ok(Made::File(file)) => return record(ctx, attempt, &file, upload, usage, deadline).await,
        Ok(Made::Unchanged(exports)) => return exports,
        Err(error) => error,
    };
    remove(attempt, upload).await;
    let written = match &error {
        AttemptError::Lost => {
            tracing::warn!(chunk = %attempt.chunk, attempt = attempt.number, "attempt stopped: its lease is lost");
            Ok(None)
        }
        AttemptError::CutLost { cut, holder, why } => {
            insist(deadline, || cut::give_back(ctx, attempt, (*cut, *holder), why, usage)).await
        }
        AttemptError::TooLarge { why, seen_bytes } => {
            insist(deadline, || split(ctx, attempt, *why, *seen_bytes, usage)).await
        }
        error => match error.hold() {
            Some(hold) => insist(deadline, || give_back(ctx, attempt, &hold, error, usage)).await,
            None => {
                let failure = error.failure();
                insist(deadline, || fail(ctx, attempt, &failure, error, usage)).await
            }
        },
    };
    written.unwrap_or_else(|error| {
        // The lease expires, and the chunk is retried.
        tracing::error!(chunk = %attempt.chunk, error = chain(&error), "the outcome of the attempt could not be recorded");
        None
    }).unwrap_or_default()
}

async fn record(
    ctx: &Context,
    attempt: &Attempt,
    file: &FileRecord,
    upload: Uploader,
    usage: &Usage,
    deadline: Deadline,
) -> Vec<ExportId> {
    ctx.store.faults().crash(Point::Uploaded);
    match insist(deadline, || ctx.store.record(attempt.chunk, file, usage)).await {
        Ok(Some(exports)) => {
            tracing::info!(chunk = %attempt.chunk, attempt = attempt.number, dataset = attempt.selection.dataset,
                rows = file.rows, bytes = file.bytes, source_bytes = file.source_bytes, read_ms = usage.read_ms,
                cpu_ms = usage.cpu_ms, peak_memory_bytes = usage.peak_memory_bytes, "file recorded");
            metrics::recorded(attempt, file, usage);
            ctx.store.faults().crash(Point::Recorded);
            exports
        }
        Ok(None) => {
            tracing::warn!(chunk = %attempt.chunk, attempt = attempt.number, "the attempt was overtaken; its file is deleted");
            metrics::too_late(attempt);
            remove(attempt, upload).await;
            Vec::new()
        }
        Err(error) => {
            // The record may have been written despite the error. The object stays, and the sweeper decides.
            tracing::error!(chunk = %attempt.chunk, error = chain(&error), "the file could not be recorded");
            Vec::new()
        }
    }
}

async fn split(
    ctx: &Context,
    attempt: &Attempt,
    why: SplitReason,
    seen_bytes: u64,
    usage: &Usage,
) -> Result<Option<Vec<ExportId>>, StoreError> {
    if let Some(children) = split::children(attempt, ctx.sizes, seen_bytes) {
        let (ranges, planned) = (&children.ranges, children.planned_bytes);
        let out_of_time = (why == SplitReason::Slow).then_some(seen_bytes);
        ctx.store.split(attempt.chunk, attempt.number, ranges, planned, out_of_time, usage).await?;
    }
    Ok(None)
}

async fn remove(attempt: &Attempt, upload: Uploader) {
    if let Err(error) = upload.remove().await {
        tracing::warn!(chunk = %attempt.chunk, error = chain(&error), "the object could not be deleted; the sweeper deletes it");
    }
}

/// Returns those of a chunk's exports that have nothing left to read. If hundreds share the chunk, most still have:
/// they are checked in one query, after the record is committed.
async fn over(ctx: &Context, exports: &[ExportId]) -> Vec<ExportId> {
    if exports.len() < 2 {
        return exports.to_vec();
    }
    ctx.store.over(exports).await.unwrap_or_else(|error| {
        tracing::warn!(
            error = chain(&error),
            "completed exports could not be listed; the sweeper finishes them"
        );
        Vec::new()
    })
}

/// Finishes completed exports, sends their deliveries and events, and dispatches due chunks. Best effort: the sweeper repeats
/// all of it.
async fn follow_up(ctx: &Context, exports: &[ExportId]) {
    let mut ended = false;
    for export in over(ctx, exports).await {
        match store::finish::run(&ctx.store, &*ctx.objects, export).await {
            Ok(now) => ended |= now,
            Err(error) => {
                tracing::warn!(%export, error = chain(&error), "the export could not be finished now");
            }
        }
    }
    if ended {
        send_deliveries(ctx).await;
    }
    dispatch(ctx).await;
}

fn recipe(ctx: &Context, attempt: &Attempt) -> Recipe {
    Recipe {
        columns: attempt.selection.columns.clone(),
        output: attempt.selection.output.clone(),
        threads: ctx.threads,
        limits: FramingLimits::default(),
    }
}

fn meta(attempt: &Attempt) -> Meta {
    let selection = &attempt.selection;
    // The name of the object is that in one folder: exports with different layouts may share it.
    let naming = Naming {
        dataset: &selection.dataset,
        extension: selection.output.extension(),
        sample: selection.limit.is_some(),
        hive: None,
    };
    Meta {
        content_type: selection.output.media_type().into(),
        download_name: Some(naming.name(&attempt.range)),
        immutable: true,
    }
}

fn elapsed_ms(since: Instant) -> u64 {
    millis(since.elapsed())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
