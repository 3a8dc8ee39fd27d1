//! A table as Parquet, and PostgreSQL's own text of it.

use export::column::Column;
use export::format::{Compression, CsvOptions, Format, Output};
use source::SourceError;
use worker::pipeline::PipelineError;

use crate::server::Bench;

pub(crate) async fn parquet(
    bench: &mut Bench,
    table: &str,
    columns: &[Column],
    compression: Compression,
) -> Result<Vec<u8>, PipelineError<SourceError>> {
    let output = Output { format: Format::Parquet, compression, csv: CsvOptions::default() };
    bench.written(table, columns, output).await
}

/// Returns the output of `COPY` in its text format, which involves no code of the worker.
pub(crate) async fn text(bench: &mut Bench, table: &str, columns: &[Column]) -> Vec<u8> {
    let select = bench.select(table, columns);
    bench.copy(&format!("copy ({select}) to stdout")).await
}
