//! One table both ways: by the worker's engine, and by PostgreSQL itself.

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

impl Bench {
    /// Compares a table in CSV and NDJSON: all its columns, and the one called `v` alone.
    pub(crate) async fn compare(&mut self, table: &str) {
        let columns = self.columns(table).await;
        self.compare_csv(table, &columns, CsvOptions::default()).await;
        self.compare_ndjson(table, &columns).await;
        let alone: Vec<_> = columns.iter().filter(|c| c.name == "v").cloned().collect();
        if !alone.is_empty() {
            self.compare_csv(table, &alone, CsvOptions::default()).await;
            self.compare_ndjson(table, &alone).await;
        }
    }

    pub(crate) async fn compare_csv(&mut self, table: &str, columns: &[Column], csv: CsvOptions) {
        let theirs = format!(
            "copy ({}) to stdout (format csv, header {}, delimiter {}, null {})",
            self.select(table, columns),
            csv.header,
            sql::literal(&csv.delimiter.to_string()),
            sql::literal(&csv.null),
        );
        let theirs = self.copy(&theirs).await;
        let ours = self.ours(table, columns, Format::Csv, csv).await.unwrap();
        self.same(table, "CSV", &ours, &theirs);
    }

    pub(crate) async fn compare_ndjson(&mut self, table: &str, columns: &[Column]) {
        // Quote and delimiter are bytes that JSON text cannot hold, so each line is as it is. Line breaks
        // in it stand between tokens, and become spaces.
        let theirs = format!(
            "copy (select replace(replace(row_to_json(whole__row)::text, E'\\n', ' '), E'\\r', ' ') from ({}) whole__row) \
             to stdout (format csv, quote E'\\x01', delimiter E'\\x02')",
            self.select(table, columns)
        );
        let theirs = self.copy(&theirs).await;
        let ours = self.ours(table, columns, Format::Ndjson, CsvOptions::default()).await.unwrap();
        self.same(table, "NDJSON", &ours, &theirs);
    }

    fn select(&self, table: &str, columns: &[Column]) -> String {
        let list: Vec<String> = columns.iter().map(|c| sql::identifier(&c.name)).collect();
        format!("select {} from {}.{table} order by n nulls last", list.join(", "), self.schema)
    }

    async fn copy(&mut self, sql: &str) -> Vec<u8> {
        let mut rows = self.owner.copy_out_raw(sql).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(row) = rows.next().await {
            bytes.extend(row.unwrap());
        }
        bytes
    }

    pub(crate) async fn ours(
        &mut self,
        table: &str,
        columns: &[Column],
        format: Format,
        csv: CsvOptions,
    ) -> Result<Vec<u8>, PipelineError<SourceError>> {
        let output = Output { format, compression: Compression::None, csv };
        let selection = Selection {
            dataset: table.into(),
            from: From::Relation { schema: self.schema.clone(), name: table.into() },
            columns: columns.to_vec(),
            range_column: None,
            tenant_column: None,
            predicates: vec![],
            order: vec!["n".into()],
            settle_after_secs: None,
            epoch: 1,
            output: output.clone(),
        };
        let session = self.source.session(Duration::from_secs(60)).await.unwrap();
        session.describe(&selection).await.unwrap();
        let sql = sql::copy_sql(&selection, &Range::All, &"acme".parse().unwrap());
        let rows = session.copy(sql).await.unwrap();
        let recipe = Recipe { columns: columns.to_vec(), output, threads: 2, limits: Limits::default() };
        let mut pipeline = Pipeline::start(rows, recipe, Arc::default());
        let mut bytes = Vec::new();
        while let Some(part) = pipeline.part().await {
            bytes.extend(part);
        }
        let made = pipeline.finish().await?;
        self.rows += made.rows;
        Ok(bytes)
    }

    fn same(&self, table: &str, format: &str, ours: &[u8], theirs: &[u8]) {
        if ours == theirs {
            return;
        }
        let at = (0..).find(|i| ours.get(*i) != theirs.get(*i)).unwrap_or_default();
        let part = |bytes: &[u8]| {
            let part = at.saturating_sub(80).min(bytes.len())..(at + 60).min(bytes.len());
            String::from_utf8_lossy(&bytes[part]).into_owned()
        };
        panic!(
            "PostgreSQL {}, {format} of {table} differs at byte {at}\n  ours: {}\ntheirs: {}",
            self.version,
            part(ours),
            part(theirs)
        );
    }
}
