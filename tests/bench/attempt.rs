//! One attempt: session, describe, COPY, pipeline, upload, in the order and with the parts of the worker.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use export::catalog::Dataset;
use export::range::Range;
use export::selection::Selection;
use ports::objects::{Meta, Objects, S3Objects};
use serde_json::json;
use source::{Source, SourceError, sql};
use worker::decode::FramingLimits;
use worker::pipeline::{Gauge, Made, Pipeline, Recipe};
use worker::upload::Uploader;

use crate::arguments::{Arguments, Target};

const KEY: &str = "t/bench/c/chunk/1";

/// Reads the dataset once and prints one line of JSON: rows, bytes and times.
#[tokio::main]
pub(crate) async fn run(url: &str, dataset: &str, arguments: &Arguments) -> Result<()> {
    let dataset = std::fs::read(dataset).with_context(|| format!("cannot read {dataset}"))?;
    let selection = selection(serde_json::from_slice(&dataset)?, arguments);
    let begun = Instant::now();
    let session = Source::new(url)?.session(Duration::from_secs(5)).await?;
    session.describe(&selection).await?;
    let rows = session.copy(sql::copy_sql(&selection, &Range::All, &"bench".parse()?)).await?;
    let recipe = Recipe {
        columns: selection.columns,
        output: selection.output,
        threads: arguments.threads,
        limits: FramingLimits::default(),
    };
    let media_type = recipe.output.media_type();
    let pipeline = Pipeline::start(rows, recipe, Arc::new(Gauge::default()));
    let made = match &arguments.target {
        Target::Null => drain(pipeline, |_| Ok(())).await?,
        Target::File(path) => {
            let mut file = File::create(path)?;
            drain(pipeline, |part| Ok(file.write_all(part)?)).await?
        }
        Target::S3 => upload(pipeline, media_type).await?,
    };
    let line = json!({
        "rows": made.rows,
        "bytes": made.bytes,
        "sourceBytes": made.source_bytes,
        "wallMs": begun.elapsed().as_millis(),
        "firstRowMs": made.first_row_ms,
        "readMs": made.read_ms,
        "encodeMs": made.encode_ms,
        "peakBytes": peak_bytes(),
    });
    println!("{line}");
    Ok(())
}

fn selection(dataset: Dataset, arguments: &Arguments) -> Selection {
    Selection {
        dataset: "bench".into(),
        from: dataset.from,
        columns: dataset.columns,
        output: arguments.output.clone(),
        ..Selection::example()
    }
}

async fn drain(
    mut pipeline: Pipeline<SourceError>,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<Made> {
    let mut bytes = 0;
    while let Some(part) = pipeline.part().await {
        bytes += part.len() as u64;
        take(&part)?;
    }
    let made = pipeline.finish().await?;
    ensure!(made.bytes == bytes, "{bytes} bytes came of {}", made.bytes);
    Ok(made)
}

async fn upload(mut pipeline: Pipeline<SourceError>, media_type: &str) -> Result<Made> {
    let objects: Arc<dyn Objects> = Arc::new(S3Objects::new("bench"));
    let meta = Meta { content_type: media_type.into(), download_name: Some("bench".into()), immutable: true };
    let mut upload = Uploader::new(objects.clone(), KEY.into(), meta);
    while let Some(part) = pipeline.part().await {
        upload.part(part).await?;
    }
    let made = pipeline.finish().await?;
    upload.complete().await?;
    let stored = objects.size(KEY).await?;
    ensure!(stored.unwrap_or(0) == made.bytes, "{stored:?} bytes are stored of {}", made.bytes);
    Ok(made)
}

/// Returns the peak memory of this process, or 0 if `/proc` is missing.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1_024
}
