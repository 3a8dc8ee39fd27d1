//! Our CSV against PostgreSQL's own, byte for byte, for every type.
//!
//! Needs a running stack: `SLUICE_STACK` names a file with `ownerUrl` and `sourceUrl`. Without it nothing
//! is started and the test says so.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "csv/values.rs"]
mod values;

use std::sync::Arc;
use std::time::Duration;

use export::catalog::From;
use export::column::{Column, ColumnType, Read};
use export::format::{Compression, CsvOptions, Format, Output};
use export::range::Range;
use export::selection::Selection;
use futures::StreamExt;
use ports::source::{Source, SourceError, sql};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use worker::decode::{DecodeError, Limits};
use worker::pipeline::{Pipeline, PipelineError, Recipe};

/// Both sides of the comparison.
struct Bench {
    owner: PgConnection,
    source: Source,
    schema: String,
}

impl Bench {
    async fn start(name: &str) -> Option<Self> {
        let Ok(path) = std::env::var("SLUICE_STACK") else {
            println!("skipped: SLUICE_STACK is not set");
            return None;
        };
        let stack: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut owner = PgConnection::connect(stack["ownerUrl"].as_str().unwrap()).await.unwrap();
        let source = Source::new(stack["sourceUrl"].as_str().unwrap()).unwrap();
        let schema = format!("csv_{name}");
        let begin = format!(
            "drop schema if exists {schema} cascade; create schema {schema}; grant usage on schema {schema} to public; \
             alter default privileges in schema {schema} grant select on tables to public; \
             set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set bytea_output = 'hex'; \
             set search_path = pg_catalog"
        );
        sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut owner).await.unwrap();
        Some(Self { owner, source, schema })
    }

    async fn run(&mut self, sql: &str) {
        let sql = sql.replace("SCHEMA", &self.schema);
        sqlx::raw_sql(AssertSqlSafe(sql.clone()))
            .execute(&mut self.owner)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    async fn end(mut self) {
        self.run("drop schema SCHEMA cascade").await;
    }

    /// A table `name(n, v)` with the values in order and a NULL at the end.
    async fn table(&mut self, name: &str, type_name: &str, values: &[String]) {
        self.run(&format!("create table SCHEMA.{name} (n int, v {type_name})")).await;
        let insert = format!(
            "insert into {}.{name} select n, v::{} from unnest($1::text[]) with ordinality u(v, n)",
            self.schema,
            type_name.replace("SCHEMA", &self.schema)
        );
        sqlx::query(AssertSqlSafe(insert))
            .bind(values)
            .execute(&mut self.owner)
            .await
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        self.run(&format!("insert into SCHEMA.{name} values (null, null)")).await;
    }

    /// The columns of a table as the catalog would resolve them; `kind` of those it does not list is text.
    async fn columns(&mut self, table: &str, read: Read) -> Vec<Column> {
        let sql = "select a.attname::text, a.atttypid::oid::int8, coalesce(nullif(t.typbasetype, 0), t.oid)::int8, t.typtype::text \
                   from pg_attribute a join pg_type t on t.oid = a.atttypid \
                   where attrelid = $1::text::regclass and attnum > 0 order by attnum";
        let rows = sqlx::query(sql)
            .bind(format!("{}.{table}", self.schema))
            .fetch_all(&mut self.owner)
            .await
            .unwrap();
        let column = |row: &sqlx::postgres::PgRow| {
            let base = row.get::<i64, _>(2) as u32;
            let native = ColumnType::from_oid(base);
            let is_enum = row.get::<String, _>(3) == "e";
            Column {
                name: row.get(0),
                type_name: String::new(),
                oid: row.get::<i64, _>(1) as u32,
                typmod: -1,
                kind: native.unwrap_or(ColumnType::Text),
                read: if native.is_some() || is_enum { Read::Native } else { read },
                labels: vec![],
            }
        };
        rows.iter().map(column).collect()
    }

    /// Exports the columns of a table both ways and compares.
    async fn compare(&mut self, table: &str, columns: Vec<Column>, options: CsvOptions) {
        let list: Vec<String> = columns.iter().map(|c| sql::identifier(&c.name)).collect();
        let theirs = format!(
            "copy (select {} from {}.{table} order by n nulls last) to stdout (format csv, header {}, delimiter {}, null {})",
            list.join(", "),
            self.schema,
            options.header,
            sql::literal(&options.delimiter.to_string()),
            sql::literal(&options.null),
        );
        let mut rows = self.owner.copy_out_raw(&theirs).await.unwrap();
        let mut expected = Vec::new();
        while let Some(row) = rows.next().await {
            expected.extend(row.unwrap());
        }
        drop(rows);
        let ours = self.ours(table, columns, options).await.unwrap();
        if let Some(at) = (0..ours.len().max(expected.len())).find(|i| ours.get(*i) != expected.get(*i)) {
            let part = |b: &[u8]| {
                String::from_utf8_lossy(&b[at.saturating_sub(80).min(b.len())..(at + 60).min(b.len())])
                    .into_owned()
            };
            panic!("{table} differs at byte {at}\n ours: {}\ntheirs: {}", part(&ours), part(&expected));
        }
        println!("{table}: {} bytes equal", ours.len());
    }

    async fn ours(
        &mut self,
        table: &str,
        columns: Vec<Column>,
        csv: CsvOptions,
    ) -> Result<Vec<u8>, PipelineError<SourceError>> {
        let output = Output { format: Format::Csv, compression: Compression::None, csv };
        let selection = Selection {
            dataset: table.into(),
            from: From::Relation { schema: self.schema.clone(), name: table.into() },
            columns: columns.clone(),
            range_column: None,
            tenant_column: None,
            predicates: vec![],
            order: vec!["n".into()],
            settle_after_secs: None,
            epoch: 1,
            output: output.clone(),
        };
        let session = self.source.session(Duration::from_secs(30)).await.unwrap();
        session.describe(&selection).await.unwrap();
        let sql = sql::copy_sql(&selection, &Range::All, &"acme".parse().unwrap());
        let rows = session.copy(sql).await.unwrap();
        let recipe = Recipe { columns, output, threads: 2, limits: Limits::default() };
        let mut pipeline = Pipeline::start(rows, recipe, Arc::default());
        let mut bytes = Vec::new();
        while let Some(part) = pipeline.part().await {
            bytes.extend(part);
        }
        pipeline.finish().await?;
        Ok(bytes)
    }
}

fn alone(columns: &[Column]) -> Vec<Column> {
    columns.iter().filter(|c| c.name == "v").cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn native_types() {
    let Some(mut bench) = Bench::start("native").await else { return };
    bench.run("create type SCHEMA.mood as enum ('sad', 'o,k', 'hap\"py', 'NULL', '')").await;
    bench.run("create domain SCHEMA.cents as numeric(20,4)").await;
    for (name, type_name, values) in values::native() {
        bench.table(name, type_name, &values).await;
        let columns = bench.columns(name, Read::Cast).await;
        assert_eq!(columns[1].read, Read::Native, "{name}");
        bench.compare(name, columns.clone(), CsvOptions::default()).await;
        bench.compare(name, alone(&columns), CsvOptions::default()).await;
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn types_read_as_text() {
    let Some(mut bench) = Bench::start("text").await else { return };
    bench.run("create type SCHEMA.pair as (a int, b text)").await;
    for (name, type_name, read, values) in values::as_text() {
        // A server built without libxml has the type but reads no value of it.
        if type_name == "xml" && bench.owner.fetch_one("select '<a/>'::xml").await.is_err() {
            println!("xml: not supported by this server");
            continue;
        }
        bench.table(name, type_name, &values).await;
        let columns = bench.columns(name, read).await;
        assert_eq!(columns[1].read, read, "{name}");
        bench.compare(name, columns.clone(), CsvOptions::default()).await;
        bench.compare(name, alone(&columns), CsvOptions::default()).await;
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_thousands_of_numbers() {
    let Some(mut bench) = Bench::start("numbers").await else { return };
    for (name, type_name, values) in values::random_numbers() {
        bench.table(name, type_name, &values).await;
        let columns = bench.columns(name, Read::Cast).await;
        bench.compare(name, columns, CsvOptions::default()).await;
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn options_and_names() {
    let Some(mut bench) = Bench::start("options").await else { return };
    bench
        .run(
            "create table SCHEMA.mixed (n int, \"a,b\" int, \"say \"\"x\"\"\" text, \"NULL\" float8, \"ü \" timestamptz, d date, j jsonb, b bool, x bytea);
             insert into SCHEMA.mixed select i, nullif(i % 7, 3), (array['', 'NULL', 'a;b', 'a b', 'plain', 'q\"', E'l\\nf', E't\\tb', 'x|y', '7', 'NaN', 't'])[1 + i % 12],
               (array[1.5, 'NaN', '-Infinity', 7, 1e300])[1 + i % 5], timestamptz '2024-01-01' + i * interval '1.5 h', date '2024-02-27' + i,
               jsonb_build_object('k', i, 's', 'a,b'), i % 3 = 0, decode(lpad(to_hex(i), 4, '0'), 'hex')
             from generate_series(1, 200) i",
        )
        .await;
    let columns = bench.columns("mixed", Read::Cast).await;
    for delimiter in [',', ';', '\t', '|', ' ', ':', '7', '-', 'N'] {
        for null in ["", "NULL", "\\N", "7", "NaN", "t", "2024-02-28", "n/a"] {
            if null.contains(delimiter) {
                continue;
            }
            for header in [true, false] {
                let options = CsvOptions { delimiter, null: null.into(), header };
                bench.compare("mixed", columns.clone(), options).await;
            }
        }
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_value_passes_and_a_larger_one_is_named() {
    let Some(mut bench) = Bench::start("huge").await else { return };
    bench.run("create table SCHEMA.huge as select n, case n when 2 then repeat('a,b ', 12 << 20) else 'small' end as v from generate_series(1, 3) n").await;
    let columns = bench.columns("huge", Read::Cast).await;
    bench.compare("huge", columns.clone(), CsvOptions::default()).await;
    bench.run("update SCHEMA.huge set v = repeat('x', (64 << 20) + 1) where n = 3").await;
    let error = bench.ours("huge", columns, CsvOptions::default()).await.unwrap_err();
    let PipelineError::Decode(DecodeError::ValueTooLarge { row, column, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!((*row, column.as_str()), (3, "v"));
    bench.end().await;
}
