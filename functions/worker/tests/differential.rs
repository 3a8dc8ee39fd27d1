//! The worker's CSV and NDJSON compared with PostgreSQL's own, byte for byte, for every type.
//!
//! Needs servers: `SLUICE_STACK` names a file with `ownerUrl` and `sourceUrl`, `SLUICE_POSTGRES_15` is the URL of the
//! owner of a database of PostgreSQL 15. If one is missing, the tests print that; with `SLUICE_NOTHING_SKIPPED=1`
//! they fail without PostgreSQL 15.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "differential/arrays.rs"]
mod arrays;
#[path = "differential/compare.rs"]
mod compare;
#[path = "differential/engine.rs"]
mod engine;
#[path = "differential/fallback.rs"]
mod fallback;
#[path = "differential/numbers.rs"]
mod numbers;
#[path = "differential/random.rs"]
mod random;
#[path = "differential/server.rs"]
mod server;
#[path = "differential/values.rs"]
mod values;

use compare::plain;
use export::column::Read;
use export::format::{CsvOptions, Format};
use server::benches;
use worker::decode::DecodeError;
use worker::pipeline::PipelineError;

#[tokio::test(flavor = "multi_thread")]
async fn edge_values_of_native_types_match_postgresql() {
    for mut bench in benches("native").await {
        bench.own_types().await;
        for (name, type_name, values) in values::native(bench.version) {
            bench.table(name, type_name, &values).await;
            let column = &bench.columns(name).await[1];
            assert_eq!((column.read, column.array), (Read::Native, false), "{name}");
            bench.compare(name).await;
        }
        bench.end("edge values of native types").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_values_of_arrays_match_postgresql() {
    for mut bench in benches("arrays").await {
        bench.own_types().await;
        for (name, type_name, values) in arrays::native(bench.version) {
            bench.table(&name, &type_name, &values).await;
            let column = &bench.columns(&name).await[1];
            assert_eq!((column.read, column.array), (Read::Native, true), "{name}");
            bench.compare(&name).await;
        }
        bench.end("edge values of arrays").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_values_of_text_types_match_postgresql() {
    for mut bench in benches("text").await {
        bench.own_types().await;
        for (name, type_name, values) in fallback::edges() {
            if !bench.has(&format!("{}::{type_name}", source::sql::literal(values[0]))).await {
                println!("{type_name}: not supported by PostgreSQL {}", bench.version);
                continue;
            }
            let values: Vec<_> = values.into_iter().map(str::to_owned).collect();
            bench.table(name, type_name, &values).await;
            let column = &bench.columns(name).await[1];
            assert_ne!(column.read, Read::Native, "{name}");
            bench.compare(name).await;
        }
        bench.end("edge values of types read as text").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn types_of_extensions_match_postgresql() {
    for mut bench in benches("extensions").await {
        for (i, (extension, type_name, values)) in fallback::extensions().into_iter().enumerate() {
            let name = format!("t{i}");
            if !bench
                .has(&format!(
                    "1 from pg_available_extensions where name = '{extension}' having count(*) = 1"
                ))
                .await
            {
                println!("{extension}: not there for PostgreSQL {}", bench.version);
                continue;
            }
            // A database has an extension only once, and another test may have left it in its own schema.
            bench.run(&format!("drop extension if exists {extension} cascade")).await;
            bench.run(&format!("create extension {extension} schema SCHEMA")).await;
            let values: Vec<_> = values.into_iter().map(str::to_owned).collect();
            bench.table(&name, &format!("SCHEMA.{type_name}"), &values).await;
            bench.compare(&name).await;
        }
        bench.end("types of extensions").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn enum_with_a_json_cast_matches_postgresql() {
    for mut bench in benches("casts").await {
        bench
            .run(
                "create type SCHEMA.hue as enum ('red', 'green');
                 create function SCHEMA.hue_json(SCHEMA.hue) returns json language sql as $$ select json_build_object('hue', $1::text) $$;
                 create cast (SCHEMA.hue as json) with function SCHEMA.hue_json;
                 create table SCHEMA.t (n int, v SCHEMA.hue, w SCHEMA.hue[]);
                 insert into SCHEMA.t values (1, 'red', '{green,NULL}'), (2, null, null)",
            )
            .await;
        bench.compare("t").await;
        bench.end("an enum with a cast to json").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_numbers_match_postgresql() {
    for mut bench in benches("numbers").await {
        for (name, type_name, values) in numbers::random() {
            bench.table(name, type_name, &values).await;
            let columns = bench.columns(name).await;
            bench.compare_csv(name, &columns, CsvOptions::default()).await;
            bench.compare_ndjson(name, &columns).await;
        }
        bench.end("numbers").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_rows_of_every_type_match_postgresql() {
    for mut bench in benches("random").await {
        bench.own_types().await;
        for (name, columns) in random::tables(bench.version, 3_000) {
            let columns: Vec<(&str, Vec<_>)> =
                columns.iter().map(|(t, v)| (t.as_str(), v.iter().map(Option::as_deref).collect())).collect();
            println!("{name}: {} columns", columns.len());
            bench.wide_table(name, &columns).await;
            bench.compare(name).await;
        }
        bench.end("of random values of every type").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_options_and_column_names_match_postgresql() {
    for mut bench in benches("options").await {
        bench
            .run(
                "create table SCHEMA.mixed (n int, \"a,b\" int, \"say \"\"x\"\"\" text, \"NULL\" float8, \"ü \" timestamptz, d date,
                   j jsonb, b bool, x bytea, \"back\\slash\" interval, \"tab\tin it\" inet, \"whole_row\" time, q int[], \"\u{1}\" text[]);
                 insert into SCHEMA.mixed select i, nullif(i % 7, 3),
                   (array['', 'NULL', 'a;b', 'a b', 'plain', 'q\"', E'l\\nf', E't\\tb', 'x|y', '7', 'NaN', 't'])[1 + i % 12],
                   (array[1.5, 'NaN', '-Infinity', 7, 1e300])[1 + i % 5], timestamptz '2024-01-01' + i * interval '1.5 h',
                   date '2024-02-27' + i, jsonb_build_object('k', i, 's', 'a,b'), i % 3 = 0, decode(lpad(to_hex(i), 4, '0'), 'hex'),
                   make_interval(days => i % 5, secs => i), ('10.0.0.' || i % 256)::inet, time '00:00' + i * interval '7 min',
                   array[i, null, 7], array['7', 'NULL', null, 'a;b', 'x|y', '']
                 from generate_series(1, 200) i",
            )
            .await;
        let columns = bench.columns("mixed").await;
        bench.compare_ndjson("mixed", &columns).await;
        for delimiter in [',', ';', '\t', '|', ' ', ':', '7', '-', 'N', '{'] {
            for null in ["", "NULL", "\\N", "7", "NaN", "t", "2024-02-28", "n/a", "{}"] {
                if null.contains(delimiter) {
                    continue;
                }
                for header in [true, false] {
                    let options =
                        CsvOptions { delimiter, null: null.into(), header, ..CsvOptions::default() };
                    bench.compare_csv("mixed", &columns, options).await;
                }
            }
        }
        bench.end("with every option").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn value_limit_is_enforced_naming_row_and_column() {
    for mut bench in benches("huge").await.into_iter().take(1) {
        bench.run("create table SCHEMA.huge as select n, case n when 2 then repeat('a,b ', 12 << 20) else 'small' end as v from generate_series(1, 3) n").await;
        let columns = bench.columns("huge").await;
        bench.compare_csv("huge", &columns, CsvOptions::default()).await;
        bench.run("update SCHEMA.huge set v = repeat('x', (64 << 20) + 1) where n = 3").await;
        for format in [Format::Csv, Format::Ndjson] {
            let error =
                bench.written("huge", &columns, plain(format, CsvOptions::default())).await.unwrap_err();
            let PipelineError::Decode(DecodeError::ValueTooLarge { row, column, .. }) = &error else {
                panic!("{error:?}")
            };
            assert_eq!((*row, column.as_str()), (3, "v"));
        }
        bench.end("a huge value").await;
    }
}
