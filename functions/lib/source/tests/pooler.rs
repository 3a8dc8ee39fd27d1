//! Tests of the rules for using a transaction pooler, with more clients than sessions.
//!
//! Needs a running stack: `SLUICE_STACK` names a file with `sourceUrl` and `storeUrl`, both through the pooler.
//! Without it nothing is started and the test reports it.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use export::catalog::From;
use export::column::{Column, ColumnType};
use export::range::Range;
use export::selection::Selection;
use futures::StreamExt;
use source::{Source, sql};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Row};

const CLIENTS: usize = 16;
/// Minimum number of transactions per client; all clients also continue until this many COPYs were killed.
const ROUNDS: i64 = 150;
const KILLS: usize = 5;
/// Maximum wait for a session.
const SESSION_TIMEOUT: Duration = Duration::from_secs(240);

fn stack(key: &str) -> Option<String> {
    let path = std::env::var("SLUICE_STACK").ok().or_else(|| {
        println!("skipped: SLUICE_STACK is not set");
        None
    })?;
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    Some(json[key].as_str().unwrap_or_else(|| panic!("{key} is missing in the stack's file")).to_owned())
}

fn rows(count: u32) -> Selection {
    Selection {
        dataset: "series".into(),
        from: From::Query(format!(
            "select g::int8 as id, repeat('x', 100) as filler from generate_series(1, {count}) g"
        )),
        columns: vec![
            Column::native("id", 20, ColumnType::Int8),
            Column::native("filler", 25, ColumnType::Text),
        ],
        ..Selection::example()
    }
}

/// Reads `count` rows, or only the first batch; returns the number of bytes read.
async fn copy(source: &Source, count: u32, whole: bool) -> usize {
    let selection = rows(count);
    let session = source.session(SESSION_TIMEOUT).await.unwrap();
    session.describe(&selection).await.unwrap();
    let sql = sql::copy_sql(&selection, &Range::All, &"acme".parse().unwrap());
    let mut batches = session.copy(sql).await.unwrap();
    let mut bytes = 0;
    while let Some(batch) = batches.next().await {
        bytes += batch.unwrap().len();
        if !whole {
            break;
        }
    }
    bytes
}

/// Runs one transaction like those of the store: several statements, several types, each with a result that no other
/// statement or argument gives.
async fn transaction(connection: &mut PgConnection, client: i64, round: i64) -> Result<(), sqlx::Error> {
    let mut tx = connection.begin().await?;
    let number: i64 = sqlx::query("select $1::int8 * 1000 + $2::int8")
        .bind(client)
        .bind(round)
        .persistent(false)
        .fetch_one(&mut *tx)
        .await?
        .get(0);
    assert_eq!(number, client * 1000 + round, "another statement's answer");
    // The text also differs per client, so that a statement swapped between clients is detected.
    let text = format!("select '{client}/' || $1::text || '/' || cardinality($2::int8[])");
    let ids: Vec<i64> = (0..round % 7).collect();
    let answer: String = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(round.to_string())
        .bind(&ids)
        .persistent(false)
        .fetch_one(&mut *tx)
        .await?
        .get(0);
    assert_eq!(answer, format!("{client}/{round}/{}", round % 7), "another statement's answer");
    tx.commit().await
}

async fn client(url: String, client: i64, errors: Arc<AtomicUsize>, killed: Arc<AtomicUsize>) {
    let options: PgConnectOptions = url.parse().unwrap();
    let options = options.application_name("clients").extra_float_digits(None).statement_cache_capacity(0);
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    for round in 0.. {
        if round >= ROUNDS && killed.load(Ordering::Relaxed) >= KILLS {
            break;
        }
        if let Err(error) = transaction(&mut connection, client, round).await {
            println!("client {client}, round {round}: {error}");
            errors.fetch_add(1, Ordering::Relaxed);
            connection = PgConnection::connect_with(&options).await.unwrap();
        }
    }
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_share_few_sessions_while_copies_are_killed() {
    let Some(url) = stack("storeUrl") else { return };
    let errors = Arc::new(AtomicUsize::new(0));
    let killed = Arc::new(AtomicUsize::new(0));
    // COPYs in the same pool as the clients, killed half-way.
    let killer = tokio::spawn({
        let (source, killed) = (Source::new(&url).unwrap(), killed.clone());
        async move {
            for _ in 0..KILLS {
                assert!(copy(&source, 3_000_000, false).await > 0);
                killed.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let start = |i| tokio::spawn(client(url.clone(), i, errors.clone(), killed.clone()));
    let clients: Vec<_> = (0..CLIENTS as i64).map(start).collect();
    for client in clients {
        client.await.unwrap();
    }
    killer.await.unwrap();
    assert_eq!(errors.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_readers_than_sessions_take_turns() {
    let Some(url) = stack("sourceUrl") else { return };
    let source = Source::new(&url).unwrap();
    let readers: Vec<_> = (0..6)
        .map(|i| {
            let source = source.clone();
            tokio::spawn(async move { copy(&source, 50_000, i % 3 != 0).await })
        })
        .collect();
    let mut whole = Vec::new();
    for (i, reader) in readers.into_iter().enumerate() {
        let bytes = reader.await.unwrap();
        if i % 3 != 0 {
            whole.push(bytes);
        }
    }
    // Header, trailer, and per row: a count, two lengths, eight bytes and a hundred.
    assert_eq!(whole, [19 + 2 + 50_000 * (2 + 4 + 8 + 4 + 100); 4]);
}
