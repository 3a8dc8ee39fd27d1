//! One tenant sends the worst requests over six connections. Calls and exports of another one continue as if it were
//! alone.
//!
//! `cargo x bench flood` runs it for long and prints the table. `cargo x test` runs a short one and checks the sessions
//! of the store that are held while waiting, whose number does not depend on the speed of the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use client::Client;
use export::id::hex;
use ports::random;
use serde_json::{Value, json};
use tests::{PATIENCE, System};

use crate::stampede::ground;
use crate::turn;

/// Connections of the tenant that floods.
const CONNECTIONS: usize = 6;

/// Counts sessions of the store that have waited for a lock, or held an idle transaction, for long.
const HELD: &str = "select count(*) from pg_stat_activity where usename = 'sluice_store' and (\
     (wait_event_type = 'Lock' and query_start < clock_timestamp() - interval '300 ms') \
     or (state = 'idle in transaction' and state_change < clock_timestamp() - interval '300 ms'))";

/// Times of the other tenant.
struct Noticed {
    call: Duration,
    export: Duration,
}

/// Returns a request for all 84 datasets, in files that no earlier request asked for.
fn request(start: &str, end: &str) -> Value {
    let names: Vec<_> = (0..ground::TABLES).map(ground::name).collect();
    json!({"datasets": names, "startDate": start, "endDate": end, "csv": {"null": hex(&random::bytes::<8>())}})
}

fn usual() -> Value {
    request(ground::FIRST_DAY, ground::LAST_DAY)
}

/// Returns a request that spans the whole calendar.
fn worst() -> Value {
    request("0001-01-02", "9998-12-30")
}

async fn client(system: &System, tenant: &str) -> Client {
    let key = system.store().create_key(&tenant.parse().unwrap(), "flood").await.unwrap();
    Client::new(&system.stack.url, Some(&key)).unwrap()
}

async fn notice(client: &Client, calls: usize) -> Noticed {
    let mut took = Vec::new();
    for _ in 0..calls {
        let began = Instant::now();
        client.exports(None, None).await.unwrap();
        took.push(began.elapsed());
    }
    took.sort();
    let began = Instant::now();
    let id = client.submit(&usual(), &hex(&random::bytes::<8>())).await.unwrap().export.id;
    while client.export(id).await.unwrap().status.is_live() {
        assert!(began.elapsed() < 4 * PATIENCE, "{id} does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Noticed { call: took[calls / 2], export: began.elapsed() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flooding_tenant_does_not_starve_others_of_sessions() {
    let (system, _turn) = turn().await;
    let full = std::env::var_os("SLUICE_FLOOD_FULL").is_some();
    let (rows, calls, rounds) = if full { (2_000, 200, 3) } else { (100, 20, 1) };
    ground::prepare(system, rows).await;
    let (victim, flood) = (client(system, "quiet").await, client(system, "flood").await);
    notice(&victim, 5).await;
    let mut alone = Vec::new();
    for _ in 0..rounds {
        alone.push(notice(&victim, calls).await);
    }

    let over = Arc::new(AtomicBool::new(false));
    let (accepted, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (flood, over) = (flood.clone(), over.clone());
            let (accepted, refused) = (accepted.clone(), refused.clone());
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let sent = flood.submit(&worst(), &hex(&random::bytes::<8>())).await;
                    if sent.is_ok() { &accepted } else { &refused }.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let watch = {
        let over = over.clone();
        tokio::spawn(async move {
            let (mut samples, mut many) = (0, 0);
            while !over.load(Ordering::Relaxed) {
                samples += 1;
                many += usize::from(system.number(HELD).await.unwrap() > 1);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            (samples, many)
        })
    };
    let mut beside = Vec::new();
    for _ in 0..rounds {
        beside.push(notice(&victim, calls).await);
    }
    over.store(true, Ordering::Relaxed);
    for connection in connections {
        connection.await.unwrap();
    }
    let (samples, many) = watch.await.unwrap();

    let best = |all: &[Noticed], what: fn(&Noticed) -> Duration| {
        all.iter().map(what).min().unwrap_or_default().as_secs_f64() * 1e3
    };
    let calls = (best(&alone, |n| n.call), best(&beside, |n| n.call));
    let exports = (best(&alone, |n| n.export), best(&beside, |n| n.export));
    println!(
        "\n| another tenant's | alone, ms | beside the flood, ms | times | goal |\n|---|---|---|---|---|"
    );
    println!("| list of exports, p50 | {:.1} | {:.1} | {:.2} | 2 |", calls.0, calls.1, calls.1 / calls.0);
    println!(
        "| export of 84 tables | {:.0} | {:.0} | {:.2} | 2 |",
        exports.0,
        exports.1,
        exports.1 / exports.0
    );
    println!(
        "\n{CONNECTIONS} connections: {} requests accepted, {} refused; in {many} of {samples} looks more than one session of the store was held by waiting",
        accepted.load(Ordering::Relaxed),
        refused.load(Ordering::Relaxed)
    );
    end(system, &flood).await;
    ground::clear(system).await;
    assert!(samples > 10, "too few looks");
    assert!(many * 20 <= samples, "in {many} of {samples} looks more than one session was held by waiting");
}

/// Cancels what the flood has left, so that other tests find an idle system.
async fn end(system: &System, flood: &Client) {
    system.store().pause().await.unwrap();
    let mut cursor = None;
    loop {
        let page = flood.exports(None, cursor.as_deref()).await.unwrap();
        for export in page.exports.iter().filter(|export| export.status.is_live()) {
            flood.cancel(export.id).await.unwrap();
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    system.store().resume().await.unwrap();
}
