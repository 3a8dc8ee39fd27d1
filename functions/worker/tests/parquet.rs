//! The worker's Parquet as DuckDB and pyarrow read it, compared cell by cell with PostgreSQL's own text of the rows.
//!
//! Needs servers as `differential.rs` does, and `SLUICE_PARQUET_PYTHON`: a Python that has both readers
//! (`infra/requirements/parquet.txt`). If one is missing, the tests print that. `parquet/compare.py` describes
//! the comparison; it shares nothing with the encoder.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
#[path = "differential/arrays.rs"]
mod arrays;
#[path = "differential/engine.rs"]
mod engine;
#[allow(dead_code)]
#[path = "differential/fallback.rs"]
mod fallback;
#[allow(dead_code)]
#[path = "differential/numbers.rs"]
mod numbers;
#[allow(dead_code)]
#[path = "differential/random.rs"]
mod random;
#[path = "parquet/readers.rs"]
mod readers;
#[allow(dead_code)]
#[path = "differential/server.rs"]
mod server;
#[allow(dead_code)]
#[path = "differential/values.rs"]
mod values;

use export::format::Compression;
use readers::Readers;
use server::benches;
use worker::pipeline::PipelineError;

#[tokio::test(flavor = "multi_thread")]
async fn edge_values_of_every_type_match_readers() {
    let Some(readers) = Readers::find() else { return };
    for mut bench in benches("parquet_edges").await {
        bench.own_types().await;
        let files = readers.folder("edges", bench.version);
        let single =
            values::native(bench.version).into_iter().map(|(n, t, v)| (n.to_owned(), t.to_owned(), v));
        for (name, type_name, values) in single.chain(arrays::native(bench.version)) {
            bench.table(&name, &type_name, &values).await;
            files.table(&mut bench, &name).await;
        }
        for (name, type_name, values) in fallback::edges() {
            if bench.has(&format!("{}::{type_name}", source::sql::literal(values[0]))).await {
                let values: Vec<_> = values.into_iter().map(str::to_owned).collect();
                bench.table(name, type_name, &values).await;
                files.table(&mut bench, name).await;
            }
        }
        files.compare(&bench);
        bench.end("Parquet of edge values").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_rows_of_every_type_match_readers() {
    let Some(readers) = Readers::find() else { return };
    for mut bench in benches("parquet_random").await {
        bench.own_types().await;
        let files = readers.folder("random", bench.version);
        for (name, columns) in random::tables(bench.version, 3_000) {
            let columns: Vec<(&str, Vec<_>)> =
                columns.iter().map(|(t, v)| (t.as_str(), v.iter().map(Option::as_deref).collect())).collect();
            bench.wide_table(name, &columns).await;
            files.table(&mut bench, name).await;
        }
        files.compare(&bench);
        bench.end("Parquet of random values").await;
    }
}

/// A file large enough for several row groups, with columns whose values change in character.
#[tokio::test(flavor = "multi_thread")]
async fn several_row_groups_in_every_codec_match_readers() {
    let Some(readers) = Readers::find() else { return };
    for mut bench in benches("parquet_groups").await.into_iter().take(1) {
        bench
            .run(
                "create table SCHEMA.long as select n, n % 3 as few, case when n < 50000 then 'same' else md5(n::text) end as later,
                   md5(n::text)::uuid as id, (n::bigint * 7919 % 1000003)::numeric(12,2) / 100 as computed, n::numeric(12,2) as amount,
                   n::numeric(30,5) as wide, timestamptz '2024-01-01' + n * interval '17 s' as at, sqrt(n) as root, n % 2 = 0 as even,
                   case when n % 10 = 0 then array['a', null, (n % 7)::text] end as tags, repeat('text ', n % 200) as body
                 from generate_series(1, 100000) n",
            )
            .await;
        let files = readers.folder("groups", bench.version);
        let columns = bench.columns("long").await;
        for compression in [Compression::Zstd, Compression::Snappy, Compression::None] {
            files.file(&mut bench, "long", &columns, compression).await;
        }
        files.compare(&bench);
        bench.end("Parquet of several row groups").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_unsupported_by_parquet_fail_naming_their_row() {
    for mut bench in benches("parquet_refused").await {
        for (i, (type_name, value, problem)) in [
            ("date", "infinity", "the date infinity"),
            ("date", "-infinity", "the date -infinity"),
            ("timestamp", "infinity", "the timestamp infinity"),
            ("timestamptz", "-infinity", "the timestamp -infinity"),
            ("timestamptz", "294276-12-31 23:59:59+00", "a timestamp after 294247-01-10 04:00:54.775806"),
            ("timestamp", "294247-01-10 04:00:54.775807", "a timestamp after 294247-01-10 04:00:54.775806"),
            ("time", "24:00:00", "the time 24:00:00"),
            ("numeric(12,2)", "NaN", "NaN in a decimal"),
            ("int[]", "{{1,2},{3,4}}", "a multidimensional array"),
            ("date[]", "{2024-01-01,infinity}", "the date infinity"),
        ]
        .into_iter()
        .enumerate()
        {
            let name = format!("t{i}");
            bench.table(&name, type_name, &[value.to_owned()]).await;
            bench.run(&format!("update SCHEMA.{name} set n = 9")).await;
            bench.run(&format!("insert into SCHEMA.{name} values (7, null), (8, null)")).await;
            let columns = bench.columns(&name).await;
            let error = readers::parquet(&mut bench, &name, &columns, Compression::Zstd).await.unwrap_err();
            let PipelineError::Encode(error) = &error else { panic!("{type_name} {value}: {error:?}") };
            let message = format!("row 3, column \"v\": {problem} cannot be represented in this format");
            assert_eq!(error.to_string(), message, "{type_name} {value}");
        }
        bench.end("values that Parquet cannot hold").await;
    }
}
