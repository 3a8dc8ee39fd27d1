//! The scenario that Sluice was written for: a client wants 84 tables at once.
//!
//! First naively, with one query per table straight to the database; then two hundred such clients through Sluice.
//! `cargo x stampede` runs it in full, on a PostgreSQL with 20 connections; `cargo x test` runs a small one.

mod crowd;
pub(crate) mod fixture;
mod naive;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tests::System;

use crate::turn;
use crowd::Crowd;

/// Size of the stampede.
pub(crate) struct Size {
    /// Rows of each of the 84 tables.
    rows: u32,
    /// Requests for all 84 tables, all alike.
    alike: usize,
    /// Requests for some tables, each with its own filter.
    distinct: usize,
}

const FULL: Size = Size { rows: 10_000, alike: 150, distinct: 50 };
const SMALL: Size = Size { rows: 200, alike: 10, distinct: 5 };

/// Maximum number of concurrent sessions of both roles.
#[derive(Default)]
struct Seen {
    source: AtomicI64,
    store: AtomicI64,
    over: AtomicBool,
}

async fn watch(system: &'static System, seen: Arc<Seen>) {
    while !seen.over.load(Ordering::Relaxed) {
        for (role, most) in [("sluice_source", &seen.source), ("sluice_store", &seen.store)] {
            let count = format!("select count(*) from pg_stat_activity where usename = '{role}'");
            most.fetch_max(system.number(&count).await.unwrap(), Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Counts the sessions that the server refused because of its connection limit, from its log.
fn refused(system: &System) -> usize {
    let log = std::fs::read_to_string(&system.stack.postgres_log).unwrap();
    log.lines().filter(|line| line.contains(" 53300 ") && line.contains("FATAL:")).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_concurrent_clients_are_all_served() {
    let (system, _turn) = turn().await;
    let size = if std::env::var_os("SLUICE_STAMPEDE_FULL").is_some() { FULL } else { SMALL };
    fixture::prepare(system, size.rows).await;
    let connections = system
        .number("select setting::bigint from pg_settings where name = 'max_connections'")
        .await
        .unwrap();

    let before = refused(system);
    let naive = naive::run(system).await;
    let naive_refused = refused(system) - before;

    // The same chunks on an idle system, one request at a time. A separate tenant, because chunks are not shared
    // between tenants.
    let mut alone = Crowd::new(system, "alone", size.alike.min(1), size.distinct).await;
    alone.one_after_the_other().await;
    alone.wait().await;

    let before = refused(system);
    let seen = Arc::new(Seen::default());
    let watching = tokio::spawn(watch(system, seen.clone()));
    let mut crowd = Crowd::new(system, "crowd", size.alike, size.distinct).await;
    let begun = Instant::now();
    crowd.all_at_once().await;
    let submitted = begun.elapsed();
    crowd.wait().await;
    let took = begun.elapsed();
    seen.over.store(true, Ordering::Relaxed);
    watching.await.unwrap();
    let crowd_refused = refused(system) - before;
    let verified = crowd.verify().await;

    let (source, store) = (seen.source.load(Ordering::Relaxed), seen.store.load(Ordering::Relaxed));
    let (budget, store_sessions) = (system.stack.budget, system.stack.store_sessions);
    let each = crowd.durations();
    let times = took.as_secs_f64() / alone.took().as_secs_f64();
    println!("\nPostgreSQL with `max_connections = {connections}`:\n");
    println!("| | the naive client | {} clients of Sluice |\n|---|---|---|", size.alike + size.distinct);
    println!(
        "| asked for | {} queries at once | {} exports of 84 tables, {} with filters, at once |",
        fixture::TABLES,
        size.alike,
        size.distinct
    );
    println!("| errors that a client saw | {} | {} |", naive.errors, crowd.errors());
    println!(
        "| files missing | {} of {} | {} of {} |",
        naive.missing,
        fixture::TABLES,
        verified.missing,
        verified.files
    );
    println!("| sessions refused (53300) | {naive_refused} | {crowd_refused} |");
    println!(
        "| sessions at most | {connections} | source {source} of {budget}, store {store} of {store_sessions} |"
    );
    println!(
        "| exports complete and equal to the database | - | {} of {} |",
        verified.exports,
        size.alike + size.distinct
    );
    println!(
        "| time | {:.1} s, in vain | all accepted after {:.1} s, all done after {:.1} s |",
        naive.took.as_secs_f64(),
        submitted.as_secs_f64(),
        took.as_secs_f64()
    );
    println!("| time per export | | half within {:.1} s, all within {:.1} s |", each.0, each.1);
    println!(
        "| the same chunks alone | | {:.1} s: the crowd takes {times:.2} × that |",
        alone.took().as_secs_f64()
    );
    println!();

    fixture::clear(system).await;
    assert!(naive.errors > 0 && naive.missing > 0, "the story is told: the naive client fails");
    assert!(naive_refused > 0, "and the server says why");
    assert_eq!((crowd.errors(), alone.errors()), (0, 0), "errors that clients saw");
    assert_eq!((verified.missing, verified.exports), (0, size.alike + size.distinct));
    assert_eq!(crowd_refused, 0, "sessions refused");
    assert!(
        source <= i64::from(budget) && store <= i64::from(store_sessions),
        "source {source}, store {store}"
    );
}
