//! The engine: a stream of COPY BINARY in, the parts of a file out. It knows neither the source nor where
//! the parts go.
//!
//! ```text
//! stream ─▶ framing ─▶ encode + compress (threads, in turns) ─▶ assemble (a thread) ─▶ parts
//!                                                                        └─▶ hash (a thread)
//! ```
//!
//! Every channel is bounded, so memory does not depend on the number of rows. Block `n` goes to thread
//! `n mod threads` and is fetched from there in the same order: no numbers, no reordering.

mod assemble;
mod encode;
mod hash;
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
use crate::decode::{Block, DecodeError, Framing, Limits};
use crate::encode::{EncodeError, shares_blocks};

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Columns in the order of the stream.
    pub columns: Vec<Column>,
    /// The form of the file.
    pub output: Output,
    /// Threads that encode and compress.
    pub threads: usize,
    /// Sizes that bound memory.
    pub limits: Limits,
}

/// What can end a pipeline early. `E` is the stream's own error.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError<E> {
    /// The stream failed.
    #[error("reading failed")]
    Read(#[source] E),
    /// The stream is not what it should be.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A value is not what its type says.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A thread panicked, or the stages lost count of the rows: a bug.
    #[error("the pipeline broke")]
    Broken,
    /// Nobody takes the parts any more.
    #[error("the pipeline was stopped")]
    Stopped,
}

/// How far a pipeline is; read by whoever watches over it.
#[derive(Debug, Default)]
pub struct Gauge {
    source_bytes: AtomicU64,
    encode_micros: AtomicU64,
    /// The reader waits until a block is taken, and not for the source.
    blocked: AtomicBool,
    ended: AtomicBool,
}

impl Gauge {
    /// Bytes of COPY taken so far.
    pub fn source_bytes(&self) -> u64 {
        self.source_bytes.load(Ordering::Relaxed)
    }

    /// Adds time of a thread that encodes.
    fn encoding(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.encode_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Whether the reader waits for the upload, and not for the source.
    pub fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    /// Whether the stream has ended.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

/// A finished file. Without rows there is none: `bytes` is 0 and `sha256` is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Rows in it.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Bytes of COPY it was made from.
    pub source_bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: Option<[u8; 32]>,
    /// Milliseconds until the first bytes arrived, and until the last.
    pub first_row_ms: u64,
    /// See `first_row_ms`.
    pub read_ms: u64,
    /// Milliseconds of all threads together spent encoding and compressing.
    pub encode_ms: u64,
}

/// A pipeline at work. Dropped, it stops and drops its stream.
pub struct Pipeline<E> {
    parts: mpsc::Receiver<Bytes>,
    work: JoinHandle<Result<Made, PipelineError<E>>>,
}

impl<E> Drop for Pipeline<E> {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Blocks that may wait before and after each encoding thread, and parts before the upload.
const WAITING: usize = 1;

/// Blocks that may wait before a thread that encodes alone, in batches of many blocks: while it writes one, the
/// source goes on. 6 MiB.
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

    /// The next part; all but the last have S3's minimal size. `None` proves nothing: see `finish`.
    ///
    /// Three parts exist at a time: whoever keeps them waits for ever.
    pub async fn part(&mut self) -> Option<Bytes> {
        self.parts.recv().await
    }

    /// Waits for the proof that the file is whole.
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
    let hasher = spawn_blocking(move || hash::run(to_hash));

    let read = read(stream, &recipe, &gauge, &feeds).await;
    drop(feeds);
    let mut encode = Ok(());
    for worker in workers {
        // The first error counts; the others follow from it.
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

/// Reads to the proven end of the stream.
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
