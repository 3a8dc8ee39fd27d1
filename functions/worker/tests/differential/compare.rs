//! One table written twice: by the worker's engine, and by PostgreSQL itself.

use export::column::Column;
use export::format::{Compression, CsvOptions, Format, Output};
use source::sql;

use crate::server::Bench;

/// Returns a row format without compression.
pub(crate) fn plain(format: Format, csv: CsvOptions) -> Output {
    Output { format, compression: Compression::None, csv }
}

impl Bench {
    /// Compares a table in CSV and NDJSON: all its columns, and the column `v` alone.
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
        let ours = self.written(table, columns, plain(Format::Csv, csv)).await.unwrap();
        self.same(table, "CSV", &ours, &theirs);
    }

    pub(crate) async fn compare_ndjson(&mut self, table: &str, columns: &[Column]) {
        // Quote and delimiter are bytes that JSON text cannot contain, so each line is unchanged. Line breaks in it
        // are between tokens, and become spaces.
        let theirs = format!(
            "copy (select replace(replace(row_to_json(whole__row)::text, E'\\n', ' '), E'\\r', ' ') from ({}) whole__row) \
             to stdout (format csv, quote E'\\x01', delimiter E'\\x02')",
            self.select(table, columns)
        );
        let theirs = self.copy(&theirs).await;
        let ours = self.written(table, columns, plain(Format::Ndjson, CsvOptions::default())).await.unwrap();
        self.same(table, "NDJSON", &ours, &theirs);
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
