//! The statement that reads the user's tables, run on a real server with arbitrary values and names: it returns exactly
//! the rows with the value, whatever the server's setting for backslashes, and has no other effect.

use std::path::Path;

use export::catalog::From;
use export::column::{Column, ColumnType};
use export::range::Range;
use export::selection::{Predicate, Selection, Test};
use futures::TryStreamExt;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use source::sql;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use tests::Database;

use super::injection::ATTACKS;

/// Number of random texts, the same in every run.
const MADE_UP: usize = 1500;

pub(super) fn selection(column: &str, test: export::selection::Test) -> Selection {
    Selection {
        dataset: "words".into(),
        from: From::Relation { schema: "public".into(), name: "words".into() },
        columns: vec![Column::native("id", 20, ColumnType::Int8)],
        predicates: vec![Predicate { column: column.into(), test, by: None }],
        ..Selection::example()
    }
}

/// Returns the values of the only column, an int8, of every row of a binary COPY.
pub(super) async fn ids(connection: &mut PgConnection, selection: &Selection) -> Vec<i64> {
    let text = sql::copy_sql(selection, &Range::All, &"acme".parse().unwrap());
    let stream = connection.copy_out_raw(&text).await.unwrap_or_else(|error| panic!("{text}\n{error}"));
    let bytes = stream.try_fold(Vec::new(), |mut all, part| async move {
        all.extend_from_slice(&part);
        Ok(all)
    });
    let bytes = bytes.await.unwrap_or_else(|error| panic!("{text}\n{error}"));
    // Signature, flags and extension take 19 bytes, the trailer two. A row is 2 + 4 + 8.
    let rows = bytes[19..bytes.len() - 2].chunks_exact(14);
    let mut ids: Vec<_> = rows.map(|row| i64::from_be_bytes(row[6..].try_into().unwrap())).collect();
    ids.sort_unstable();
    ids
}

/// Returns the texts of an attacker or a fuzzer, and random texts full of characters that matter to a lexer.
fn texts() -> Vec<String> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/quoting");
    let mut paths: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let fuzzed = paths.iter().filter_map(|path| String::from_utf8(std::fs::read(path).unwrap()).ok());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = "([^\\x00]|['\\\\\"$;%_\\-/*\n\r\t{}]|--|\\$\\$|''|E'|U&'|/\\*){0,40}";
    let strategy = proptest::string::string_regex(strategy).unwrap();
    let made_up = (0..MADE_UP).map(|_| strategy.new_tree(&mut runner).unwrap().current());
    let mut all: Vec<_> = ATTACKS.iter().map(|&text| text.to_owned()).chain(fuzzed).chain(made_up).collect();
    all.retain(|text| !text.contains('\0'));
    all.sort();
    all.dedup();
    all
}

#[tokio::test]
async fn filter_matches_exactly_the_rows_with_its_value() {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    connection.execute("create table words (id bigint primary key, word text not null)").await.unwrap();
    connection.execute("create table canary (id int); insert into canary values (1)").await.unwrap();
    let texts = texts();
    assert!(texts.len() > MADE_UP / 2, "{}", texts.len());
    for (id, text) in texts.iter().enumerate() {
        let insert = sqlx::query("insert into words values ($1, $2)").bind(id as i64).bind(text);
        insert.execute(&mut connection).await.unwrap();
    }
    let all: Vec<i64> = (0..texts.len() as i64).collect();
    for conforming in ["on", "off"] {
        let set = format!("set standard_conforming_strings = {conforming}; set backslash_quote = on");
        connection.execute(AssertSqlSafe(set)).await.unwrap();
        for (id, text) in texts.iter().enumerate() {
            let found = ids(&mut connection, &selection("word", Test::AnyOf(vec![text.clone()]))).await;
            assert_eq!(found, [id as i64], "{text:?}");
        }
        for (batch, texts) in texts.chunks(200).enumerate() {
            let found = ids(&mut connection, &selection("word", Test::AnyOf(texts.to_vec()))).await;
            let first = (batch * 200) as i64;
            assert_eq!(found, (first..first + texts.len() as i64).collect::<Vec<_>>());
        }
        for (id, text) in texts.iter().enumerate().step_by(20) {
            let mut others = all.clone();
            others.remove(id);
            assert_eq!(
                ids(&mut connection, &selection("word", Test::Ne(text.clone()))).await,
                others,
                "{text:?}"
            );
        }
    }
    let canary: i64 = connection.fetch_one("select count(*) from canary").await.unwrap().get(0);
    assert_eq!(canary, 1);
}

#[tokio::test]
async fn catalog_names_are_quoted_correctly() {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    // PostgreSQL's names have 1 to 63 bytes.
    let names = texts().into_iter().filter(|name| (1..=63).contains(&name.len()));
    for name in names.step_by(9) {
        let quoted = sql::identifier(&name);
        let create = format!("drop table if exists words; create table words (id bigint, {quoted} text)");
        connection.execute(AssertSqlSafe(create)).await.unwrap_or_else(|error| panic!("{name:?}: {error}"));
        let known: String = connection
            .fetch_one(
                "select attname::text from pg_attribute where attrelid = 'words'::regclass and attnum = 2",
            )
            .await
            .unwrap()
            .get(0);
        assert_eq!(known, name);
        connection.execute("insert into words values (1, 'a'), (2, 'b')").await.unwrap();
        assert_eq!(
            ids(&mut connection, &selection(&name, Test::AnyOf(vec!["b".into()]))).await,
            [2],
            "{name:?}"
        );
    }
}
