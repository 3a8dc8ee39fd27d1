//! The engine: a stream of COPY BINARY in, the parts of a file out. It depends neither on the source nor on the
//! destination of the parts.
//!
//! ```text
//! stream ─▶ framing ─▶ encode + compress (threads, in turns) ─▶ assemble (a thread) ─▶ parts
//!                                                                        └─▶ hash (a thread)
//! ```
//!
//! Every channel is bounded, so memory does not depend on the number of rows. Block `n` goes to thread `n mod
//! threads` and is fetched from there in the same order: no numbers, no reordering.

mod assemble;
mod encode;
mod parts;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use assemble::Failed;
use bytes::Bytes;
use export::column::Column;
use export::format::Output;
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use crate::compress;
use crate::decode::{Block, DecodeError, Framing, FramingLimits};
use crate::encode::{EncodeError, shares_blocks};

/// Parameters of a pipeline.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Columns in the order of the stream.
    pub columns: Vec<Column>,
    /// Output format of the file.
    pub output: Output,
    /// Number of threads that encode and compress.
    pub threads: usize,
    /// Size limits that bound memory.
    pub limits: FramingLimits,
}

/// Error that ends a pipeline early. `E` is the error of the stream.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError<E> {
    /// The stream failed.
    #[error("reading failed")]
    Read(#[source] E),
    /// The stream is invalid.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A value is not valid for its type.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A thread panicked, or the stages disagree on the number of rows: a bug.
    #[error("an internal error of the worker stopped the encoding")]
    Broken,
    /// The receiver of the parts is closed.
    #[error("the encoding was stopped")]
    Stopped,
}

/// Progress of a pipeline, shared with its observers.
#[derive(Debug, Default)]
pub struct Gauge {
    source_bytes: AtomicU64,
    encode_micros: AtomicU64,
    /// True while the reader waits for the pipeline to accept a block rather than for the source.
    blocked: AtomicBool,
    ended: AtomicBool,
}

impl Gauge {
    /// Returns the bytes of COPY read so far.
    pub fn source_bytes(&self) -> u64 {
        self.source_bytes.load(Ordering::Relaxed)
    }

    /// Adds time spent by an encoding thread.
    fn encoding(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.encode_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Returns true if the reader waits for the upload rather than for the source.
    pub fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    /// Returns true if the stream has ended.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

/// Finished file. Without rows there is none: `bytes` is 0 and `sha256` is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Number of rows.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Bytes of COPY read.
    pub source_bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Option<[u8; 32]>,
    /// Milliseconds until the first bytes arrived.
    pub first_row_ms: u64,
    /// Milliseconds until the last bytes arrived.
    pub read_ms: u64,
    /// Total milliseconds that all threads spent encoding and compressing.
    pub encode_ms: u64,
}

/// Running pipeline. Dropping it stops it and drops its stream.
pub struct Pipeline<E> {
    parts: mpsc::Receiver<Bytes>,
    work: JoinHandle<Result<Made, PipelineError<E>>>,
}

impl<E> Drop for Pipeline<E> {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Number of blocks that may wait before and after each encoding thread, and of parts before the upload.
const WAITING: usize = 1;

/// Number of blocks that may wait before a single encoding thread that works in batches of many blocks: while it
/// writes a batch, reading continues. 6 MiB.
const WAITING_ALONE: usize = 24;

impl<E: Send + 'static> Pipeline<E> {
    /// Starts reading. The gauge, a new one, can be watched meanwhile.
    pub fn start<S, B>(stream: S, recipe: Recipe, gauge: Arc<Gauge>) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + Unpin + 'static,
        B: Into<Bytes> + Send + 'static,
    {
        let (parts_out, parts) = mpsc::channel(WAITING);
        let work = tokio::spawn(run(stream, recipe, gauge, parts_out));
        Self { parts, work }
    }

    /// Returns the next part; all but the last have at least S3's minimum size. `None` does not prove that the file
    /// is complete: see `finish`.
    ///
    /// Only three parts exist at a time: a caller that keeps them waits forever.
    pub async fn part(&mut self) -> Option<Bytes> {
        self.parts.recv().await
    }

    /// Waits for the result, which proves that the file is complete.
    pub async fn finish(mut self) -> Result<Made, PipelineError<E>> {
        self.parts.close();
        (&mut self.work).await.unwrap_or(Err(PipelineError::Broken))
    }
}

async fn run<S, B, E>(
    stream: S,
    recipe: Recipe,
    gauge: Arc<Gauge>,
    parts: mpsc::Sender<Bytes>,
) -> Result<Made, PipelineError<E>>
where
    S: Stream<Item = Result<B, E>> + Unpin,
    B: Into<Bytes>,
    E: Send + 'static,
{
    let stream_compressor = compress::stream(&recipe.output).map_err(|_| PipelineError::Broken)?;
    let (mut feeds, mut workers, mut encoded) = (Vec::new(), Vec::new(), Vec::new());
    let shares = shares_blocks(recipe.output.format);
    let (threads, waiting) = if shares { (recipe.threads.max(1), WAITING) } else { (1, WAITING_ALONE) };
    for _ in 0..threads {
        let (feed, blocks) = mpsc::channel(waiting);
        let (out, done) = mpsc::channel(WAITING);
        let worker = encode::Worker::new(&recipe, gauge.clone());
        workers.push(spawn_blocking(move || worker.run(blocks, out)));
        feeds.push(feed);
        encoded.push(done);
    }
    let (hash_out, to_hash) = mpsc::channel(WAITING);
    let out = assemble::Out { upload: parts, hash: hash_out };
    let assembler = spawn_blocking(move || assemble::run(encoded, stream_compressor, out));
    let hasher = spawn_blocking(move || parts::hash(to_hash));

    let read = read(stream, &recipe, &gauge, &feeds).await;
    drop(feeds);
    let mut encode = Ok(());
    for worker in workers {
        // The first error counts; the others are its consequences.
        encode = encode.and(joined(worker.await).and_then(|r| r.map_err(PipelineError::from)));
    }
    let assembled = joined(assembler.await);
    let sha256 = joined(hasher.await);
    encode?;
    let read = read?;
    let assembled = assembled?.map_err(|failed| match failed {
        Failed::Unwanted => PipelineError::Stopped,
        Failed::Compress => PipelineError::Broken,
    })?;
    if assembled.rows != read.rows {
        return Err(PipelineError::Broken);
    }
    Ok(Made {
        bytes: assembled.bytes,
        sha256: sha256?,
        encode_ms: gauge.encode_micros.load(Ordering::Relaxed) / 1_000,
        ..read
    })
}

fn joined<T, E>(result: Result<T, JoinError>) -> Result<T, PipelineError<E>> {
    result.map_err(|_| PipelineError::Broken)
}

/// Reads to the verified end of the stream.
async fn read<S, B, E>(
    mut stream: S,
    recipe: &Recipe,
    gauge: &Gauge,
    feeds: &[mpsc::Sender<Block>],
) -> Result<Made, PipelineError<E>>
where
    S: Stream<Item = Result<B, E>> + Unpin,
    B: Into<Bytes>,
{
    let begun = Instant::now();
    let mut framing = Framing::new(recipe.columns.iter().map(|c| c.name.clone()).collect(), recipe.limits);
    let (mut first_row_ms, mut source_bytes) = (None, 0);
    let mut turns = feeds.iter().cycle();
    let mut send = async |block| {
        // `feeds` is not empty.
        let Some(feed) = turns.next() else { return Err(PipelineError::Broken) };
        gauge.blocked.store(true, Ordering::Relaxed);
        let sent = feed.send(block).await.map_err(|_| PipelineError::Stopped);
        gauge.blocked.store(false, Ordering::Relaxed);
        sent
    };
    while let Some(bytes) = stream.next().await {
        let bytes: Bytes = bytes.map_err(PipelineError::Read)?.into();
        first_row_ms.get_or_insert_with(|| elapsed_ms(begun));
        source_bytes += bytes.len() as u64;
        gauge.source_bytes.store(source_bytes, Ordering::Relaxed);
        framing.push(bytes)?;
        while let Some(block) = framing.block()? {
            send(block).await?;
        }
    }
    let (last, rows) = framing.finish()?;
    gauge.ended.store(true, Ordering::Relaxed);
    if let Some(block) = last {
        send(block).await?;
    }
    let read_ms = elapsed_ms(begun);
    Ok(Made { rows, source_bytes, first_row_ms: first_row_ms.unwrap_or(read_ms), read_ms, ..Made::default() })
}

fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
