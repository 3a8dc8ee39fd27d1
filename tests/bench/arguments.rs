//! Output and target of an attempt, parsed from the command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use export::format::Output;
use serde_json::json;

/// Destination of a file.
pub(crate) enum Target {
    /// Counted and discarded.
    Null,
    /// Uploaded as a worker does, to the endpoint in `AWS_ENDPOINT_URL`.
    S3,
    /// Written to disk for inspection.
    File(PathBuf),
}

/// One attempt.
pub(crate) struct Arguments {
    /// Format and compression of the file.
    pub(crate) output: Output,
    /// Destination of the file.
    pub(crate) target: Target,
    /// Threads that encode and compress.
    pub(crate) threads: usize,
}

/// Parses `FORMAT COMPRESSION TARGET [THREADS]`.
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
        // The worker's rule.
        None => std::thread::available_parallelism().map_or(1, usize::from).min(2),
    };
    Ok(Arguments { output, target, threads })
}
