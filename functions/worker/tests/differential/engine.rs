//! A table written by the worker's engine, and by PostgreSQL's own COPY.

use std::sync::Arc;
use std::time::Duration;

use export::catalog::From;
use export::column::Column;
use export::format::Output;
use export::range::Range;
use export::selection::Selection;
use futures::StreamExt;
use source::{SourceError, sql};
use worker::decode::FramingLimits;
use worker::pipeline::{Pipeline, PipelineError, Recipe};

use crate::server::Bench;

impl Bench {
    /// Returns the query whose rows both sides write.
    pub(crate) fn select(&self, table: &str, columns: &[Column]) -> String {
        let list: Vec<String> = columns.iter().map(|c| sql::identifier(&c.name)).collect();
        format!("select {} from {}.{table} order by n nulls last", list.join(", "), self.schema)
    }

    /// Returns the output of PostgreSQL's own COPY.
    pub(crate) async fn copy(&mut self, sql: &str) -> Vec<u8> {
        let mut rows = self.owner.copy_out_raw(sql).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(row) = rows.next().await {
            bytes.extend(row.unwrap());
        }
        bytes
    }

    /// Returns the file that the worker's engine writes for a table.
    pub(crate) async fn written(
        &mut self,
        table: &str,
        columns: &[Column],
        output: Output,
    ) -> Result<Vec<u8>, PipelineError<SourceError>> {
        let selection = Selection {
            dataset: table.into(),
            from: From::Relation { schema: self.schema.clone(), name: table.into() },
            columns: columns.to_vec(),
            order: vec!["n".into()],
            output: output.clone(),
            ..Selection::example()
        };
        let session = self.source.session(Duration::from_secs(60)).await.unwrap();
        session.describe(&selection).await.unwrap();
        let sql = sql::copy_sql(&selection, &Range::All, &"acme".parse().unwrap());
        let rows = session.copy(sql).await.unwrap();
        let recipe =
            Recipe { columns: columns.to_vec(), output, threads: 2, limits: FramingLimits::default() };
        let mut pipeline = Pipeline::start(rows, recipe, Arc::default());
        let mut bytes = Vec::new();
        while let Some(part) = pipeline.part().await {
            bytes.extend(part);
        }
        self.rows += pipeline.finish().await?.rows;
        Ok(bytes)
    }
}
