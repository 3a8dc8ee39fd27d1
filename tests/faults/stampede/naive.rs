//! The naive client: a session and a query per table, all at the same time, and a file for each that succeeded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tests::System;
use tokio::sync::Barrier;

use super::fixture::{FIRST_DAY, LAST_DAY, TABLES, name};

/// Result of the naive client.
pub(super) struct Naive {
    pub(super) errors: usize,
    pub(super) missing: usize,
    pub(super) took: Duration,
}

pub(super) async fn run(system: &System) -> Naive {
    system.run("drop role if exists naive; create role naive login password 'naive'; grant usage on schema stampede to naive; grant select on all tables in schema stampede to naive").await.unwrap();
    let options: PgConnectOptions = system.stack.owner_url.parse().unwrap();
    let options = options.username("naive").password("naive");
    let all_asked = Arc::new(Barrier::new(TABLES));
    let begun = Instant::now();
    let tasks: Vec<_> =
        (0..TABLES).map(|table| tokio::spawn(one(options.clone(), table, all_asked.clone()))).collect();
    let (mut errors, mut files) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(bytes) => {
                assert!(bytes > 0);
                files += 1;
            }
            Err(_) => errors += 1,
        }
    }
    let took = begun.elapsed();
    system.run("revoke all on all tables in schema stampede from naive; revoke all on schema stampede from naive; drop role naive").await.unwrap();
    Naive { errors, missing: TABLES - files, took }
}

/// Runs one query, begun once all clients have requested their session.
async fn one(options: PgConnectOptions, table: usize, all_asked: Arc<Barrier>) -> Result<usize, sqlx::Error> {
    use futures::StreamExt;
    let connected = PgConnection::connect_with(&options).await;
    all_asked.wait().await;
    let mut connection = connected?;
    let copy = format!(
        "copy (select * from stampede.{} where day between '{FIRST_DAY}' and '{LAST_DAY}') to stdout (format csv, header)",
        name(table)
    );
    let mut bytes = 0;
    {
        let mut rows = connection.copy_out_raw(&copy).await?;
        while let Some(block) = rows.next().await {
            bytes += block?.len();
        }
    }
    connection.close().await?;
    Ok(bytes)
}
