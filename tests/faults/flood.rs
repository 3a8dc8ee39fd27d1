//! One tenant sends the worst requests over six connections. Calls and exports of another one continue as if it were
//! alone.
//!
//! `cargo x bench flood` runs it for long and prints the table. `cargo x test` runs a short one and checks the sessions
//! of the store that are held while waiting, whose number does not depend on the speed of the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::Client;
use export::id::{ExportId, hex};
use ports::random;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tests::{EVENT_TIMEOUT, System};
use tokio::task::JoinHandle;

use crate::stampede::fixture;
use crate::turn;

/// Connections of the tenant that floods.
const CONNECTIONS: usize = 6;

/// Counts sessions of the store that have waited for a lock, or held an idle transaction, for long.
const HELD: &str = "select count(*) from pg_stat_activity where usename = 'sluice_store' and (\
     (wait_event_type = 'Lock' and query_start < clock_timestamp() - interval '300 ms') \
     or (state = 'idle in transaction' and state_change < clock_timestamp() - interval '300 ms'))";

/// Times of the other tenant.
struct Noticed {
    /// Median of its calls.
    call: Duration,
    /// One export, from the request to its end.
    export: Duration,
}

/// Returns a request for all 84 datasets whose files no earlier request has.
fn request(start: &str, end: &str) -> Value {
    let names: Vec<_> = (0..fixture::TABLES).map(fixture::name).collect();
    json!({"datasets": names, "startDate": start, "endDate": end, "csv": {"null": hex(&random::bytes::<8>())}})
}

fn usual() -> Value {
    request(fixture::FIRST_DAY, fixture::LAST_DAY)
}

/// Returns a request that spans the whole calendar.
fn worst() -> Value {
    request("0001-01-02", "9998-12-30")
}

async fn client(system: &System, tenant: &str) -> Client {
    let key = system.store().create_key(&tenant.parse().unwrap(), "flood").await.unwrap();
    Client::new(&system.stack.url, Some(&key)).unwrap()
}

/// Returns the median of so many calls.
async fn call(client: &Client, calls: usize) -> Duration {
    let mut took = Vec::new();
    for _ in 0..calls {
        let began = Instant::now();
        client.exports(&Default::default(), None).await.unwrap();
        took.push(began.elapsed());
    }
    took.sort();
    took[calls / 2]
}

async fn notice(client: &Client, calls: usize) -> Noticed {
    let call = call(client, calls).await;
    let began = Instant::now();
    let id = client.submit(&usual(), &hex(&random::bytes::<8>())).await.unwrap().export.id;
    while client.export(id).await.unwrap().status.is_live() {
        assert!(began.elapsed() < 4 * EVENT_TIMEOUT, "{id} does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Noticed { call, export: began.elapsed() }
}

async fn rounds_of(client: &Client, calls: usize, rounds: usize) -> Vec<Noticed> {
    let mut noticed = Vec::new();
    for _ in 0..rounds {
        noticed.push(notice(client, calls).await);
    }
    noticed
}

/// Time at which a connection sends its next request.
#[derive(Clone, Copy)]
enum Next {
    /// At once.
    Immediately,
    /// When its last export has ended.
    AfterTheExport,
}

/// Connections that send requests one after the other until `over` is set.
struct FloodClients {
    connections: Vec<JoinHandle<(usize, usize)>>,
}

fn load(
    client: &Client,
    request: fn() -> Value,
    connections: usize,
    next: Next,
    over: &Arc<AtomicBool>,
) -> FloodClients {
    let send = |_| {
        let (client, over) = (client.clone(), over.clone());
        tokio::spawn(async move {
            let (mut accepted, mut refused) = (0, 0);
            while !over.load(Ordering::Relaxed) {
                match client.submit(&request(), &hex(&random::bytes::<8>())).await {
                    Ok(submitted) => {
                        accepted += 1;
                        if let Next::AfterTheExport = next {
                            ended(&client, submitted.export.id, &over).await;
                        }
                    }
                    Err(_) => refused += 1,
                }
            }
            (accepted, refused)
        })
    };
    FloodClients { connections: (0..connections).map(send).collect() }
}

/// Waits until an export has ended or the load is over.
async fn ended(client: &Client, id: ExportId, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) && client.export(id).await.is_ok_and(|export| export.status.is_live())
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl FloodClients {
    /// Ends the load and returns the numbers of accepted and refused requests.
    async fn end(self, over: &AtomicBool) -> (usize, usize) {
        over.store(true, Ordering::Relaxed);
        let mut sum = (0, 0);
        for connection in self.connections {
            let (accepted, refused) = connection.await.unwrap();
            sum = (sum.0 + accepted, sum.1 + refused);
        }
        sum
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flooding_tenant_does_not_starve_others_of_sessions() {
    let (system, _turn) = turn().await;
    let full = std::env::var_os("SLUICE_FLOOD_FULL").is_some();
    let (rows, calls, rounds) = if full { (2_000, 200, 3) } else { (100, 20, 1) };
    fixture::prepare(system, rows).await;
    let (victim, flood) = (client(system, "quiet").await, client(system, "flood").await);
    notice(&victim, 5).await;

    // Requests alone: nothing is read, as this machine's processors are those of the workers, too.
    system.store().pause().await.unwrap();
    let unread = call(&victim, calls).await;
    let over = Arc::new(AtomicBool::new(false));
    let requests = load(&flood, worst, CONNECTIONS, Next::Immediately, &over);
    let unread_beside = call(&victim, calls).await;
    // By then the tenant has used up its chunks of a minute.
    let use_up = if full { Duration::from_secs(15) } else { Duration::ZERO };
    tokio::time::sleep(use_up).await;
    let unread_later = call(&victim, calls).await;
    requests.end(&over).await;
    system.store().resume().await.unwrap();
    end(system, &flood).await;

    let alone = rounds_of(&victim, calls, rounds).await;
    // The same machine reads, pools and encodes here, so a single export of another tenant slows calls down as well.
    let over = Arc::new(AtomicBool::new(false));
    let ordinary = load(&flood, usual, 1, Next::AfterTheExport, &over);
    let busy = rounds_of(&victim, calls, rounds).await;
    ordinary.end(&over).await;
    end(system, &flood).await;

    let over = Arc::new(AtomicBool::new(false));
    let worst = load(&flood, worst, CONNECTIONS, Next::Immediately, &over);
    let watch = {
        let over = over.clone();
        tokio::spawn(async move {
            // One connection for all looks: opening one takes more of the processor than the query.
            let mut owner = PgConnection::connect(&system.stack.owner_url).await.unwrap();
            let (mut samples, mut many) = (0, 0);
            while !over.load(Ordering::Relaxed) {
                samples += 1;
                let held: i64 = sqlx::query_scalar(HELD).fetch_one(&mut owner).await.unwrap();
                many += usize::from(held > 1);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            (samples, many)
        })
    };
    let beside = rounds_of(&victim, calls, rounds).await;
    let (accepted, refused) = worst.end(&over).await;
    let (samples, many) = watch.await.unwrap();

    let best = |all: &[Noticed], what: fn(&Noticed) -> Duration| {
        all.iter().map(what).min().unwrap_or_default().as_secs_f64() * 1e3
    };
    println!(
        "\n| another tenant's | alone, ms | during one export | during the flood | times alone | times one export |"
    );
    println!("|---|---|---|---|---|---|");
    for (when, beside) in [("first seconds", unread_beside), ("later", unread_later)] {
        println!(
            "| list of exports, p50, nothing is read, {when} | {:.1} | | {:.1} | {:.2} | |",
            unread.as_secs_f64() * 1e3,
            beside.as_secs_f64() * 1e3,
            beside.as_secs_f64() / unread.as_secs_f64()
        );
    }
    let line = |name: &str, what: fn(&Noticed) -> Duration| {
        let (alone, busy, beside) = (best(&alone, what), best(&busy, what), best(&beside, what));
        println!(
            "| {name} | {alone:.1} | {busy:.1} | {beside:.1} | {:.2} | {:.2} |",
            beside / alone,
            beside / busy
        );
    };
    line("list of exports, p50, while chunks are read", |n| n.call);
    line("export of 84 tables", |n| n.export);
    println!(
        "\n{CONNECTIONS} connections: {accepted} requests accepted, {refused} refused; in {many} of {samples} looks more than one session of the store was held by waiting"
    );
    end(system, &flood).await;
    fixture::clear(system).await;
    assert!(samples > 10, "too few looks");
    assert!(many * 20 <= samples, "in {many} of {samples} looks more than one session was held by waiting");
}

/// Cancels what the flood has left, so that other tests find an idle system.
async fn end(system: &System, flood: &Client) {
    system.store().pause().await.unwrap();
    let mut cursor = None;
    loop {
        let page = flood.exports(&Default::default(), cursor.as_deref()).await.unwrap();
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
