//! A table through the worker's engine into a Parquet file, and PostgreSQL's own text of it.

use std::sync::Arc;
use std::time::Duration;

use export::catalog::From;
use export::column::Column;
use export::format::{Compression, CsvOptions, Format, Output};
use export::range::Range;
use export::selection::Selection;
use futures::StreamExt;
use ports::source::{SourceError, sql};
use worker::decode::Limits;
use worker::pipeline::{Pipeline, PipelineError, Recipe};

use crate::server::Bench;

pub(crate) async fn parquet(
    bench: &mut Bench,
    table: &str,
    columns: &[Column],
    compression: Compression,
) -> Result<Vec<u8>, PipelineError<SourceError>> {
    let output = Output { format: Format::Parquet, compression, csv: CsvOptions::default() };
    let selection = Selection {
        dataset: table.into(),
        from: From::Relation { schema: bench.schema.clone(), name: table.into() },
        columns: columns.to_vec(),
        range_column: None,
        tenant_column: None,
        predicates: vec![],
        order: vec!["n".into()],
        settle_after_secs: None,
        epoch: 1,
        output: output.clone(),
    };
    let session = bench.source.session(Duration::from_secs(60)).await.unwrap();
    session.describe(&selection).await.unwrap();
    let copy = sql::copy_sql(&selection, &Range::All, &"acme".parse().unwrap());
    let rows = session.copy(copy).await.unwrap();
    let recipe = Recipe { columns: columns.to_vec(), output, threads: 2, limits: Limits::default() };
    let mut pipeline = Pipeline::start(rows, recipe, Arc::default());
    let mut bytes = Vec::new();
    while let Some(part) = pipeline.part().await {
        bytes.extend(part);
    }
    bench.rows += pipeline.finish().await?.rows;
    Ok(bytes)
}

/// `COPY` in its text format: nothing of ours is in it.
pub(crate) async fn text(bench: &mut Bench, table: &str, columns: &[Column]) -> Vec<u8> {
    let list: Vec<String> = columns.iter().map(|c| sql::identifier(&c.name)).collect();
    let copy = format!(
        "copy (select {} from {}.{table} order by n nulls last) to stdout",
        list.join(", "),
        bench.schema
    );
    let mut rows = bench.owner.copy_out_raw(&copy).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(row) = rows.next().await {
        bytes.extend(row.unwrap());
    }
    bytes
}
