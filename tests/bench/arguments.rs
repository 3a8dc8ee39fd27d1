//! What an attempt makes and where to, from the words of the command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use export::format::Output;
use serde_json::json;

/// Where a file goes.
pub(crate) enum Target {
    /// Counted and dropped.
    Null,
    /// Uploaded as a worker does; `AWS_ENDPOINT_URL` says where to.
    S3,
    /// Written to disk, to be looked at.
    File(PathBuf),
}

/// One attempt.
pub(crate) struct Arguments {
    /// The form of the file.
    pub(crate) output: Output,
    /// Where it goes.
    pub(crate) target: Target,
    /// Threads that encode and compress.
    pub(crate) threads: usize,
}

/// Reads `FORMAT COMPRESSION TARGET [THREADS]`.
pub(crate) fn parse(words: &[&str]) -> Result<Arguments> {
    let (format, compression, target, threads) = match words {
        [format, compression, target] => (format, compression, target, None),
        [format, compression, target, threads] => (format, compression, target, Some(threads)),
        _ => bail!("format, compression and target are needed"),
    };
    let output = json!({ "format": format, "compression": compression, "csv": {} });
    let output = serde_json::from_value(output)
        .with_context(|| format!("no such format or compression: {format} {compression}"))?;
    let target = match *target {
        "null" => Target::Null,
        "s3" => Target::S3,
        file => Target::File(file.into()),
    };
    let threads = match threads {
        Some(threads) => threads.parse().context("the number of threads is no number")?,
        // As the worker decides it.
        None => std::thread::available_parallelism().map_or(1, usize::from).min(2),
    };
    Ok(Arguments { output, target, threads })
}
