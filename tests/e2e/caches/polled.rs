//! Many clients poll an ended export: the store is queried for their keys and for nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tests::{Redis, eventually};

use super::{Process, World};

const CLIENTS: usize = 50;

/// Maximum number of tries in which a process does not hear Redis in time because this machine is busy.
const TRIES: usize = 20;

/// Time between two requests of one client.
const REQUEST_INTERVAL: Duration = Duration::from_millis(50);

/// Returns the duration of polling: five seconds, or `SLUICE_POLL_SECS`.
fn patience() -> Duration {
    let secs = std::env::var("SLUICE_POLL_SECS").ok().and_then(|secs| secs.parse().ok());
    Duration::from_secs(secs.unwrap_or(5))
}

/// Statements received by the store, with key look-ups counted separately.
#[derive(Debug)]
struct Received {
    look_ups: usize,
    others: Vec<String>,
}

fn received(world: &World, since: u64) -> Received {
    let statements = world.statements.since(since).unwrap();
    let (keys, rest): (Vec<_>, Vec<_>) = statements.into_iter().partition(|s| s.contains("sluice.api_key"));
    let (frame, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|s| s == "begin" || s == "commit");
    // Each look-up is between a begin and a commit, and there are no others.
    assert!(
        !others.is_empty() || frame.len() <= 2 * keys.len(),
        "{} in {} look-ups",
        frame.len(),
        keys.len()
    );
    Received { look_ups: keys.len(), others }
}

/// Makes all clients poll all paths in turn, spread over the processes, half of them with their known ETag. Each
/// response must be the one in `expected`. Meanwhile `meanwhile` runs.
async fn poll(
    processes: &[Arc<Process>],
    expected: &Arc<Vec<(String, super::ApiResponse)>>,
    lasting: Duration,
    meanwhile: impl Future<Output = ()>,
) -> usize {
    let until = Instant::now() + lasting;
    let client = |number: usize| {
        let (process, expected) = (processes[number % processes.len()].clone(), expected.clone());
        tokio::spawn(async move {
            let mut looks = 0;
            while Instant::now() < until {
                let (path, right) = &expected[looks % expected.len()];
                let known =
                    (number.is_multiple_of(2) && !right.etag.is_empty()).then_some(right.etag.as_str());
                let answer = process.send("GET", path, known).await;
                if known.is_some() {
                    assert_eq!((answer.status, &answer.etag), (304, &right.etag), "{path}");
                } else if path.contains("links=true") {
                    assert_eq!(answer.status, 200, "{path}: the time in it is new each time");
                } else {
                    assert_eq!(&answer, right, "{path}");
                }
                looks += 1;
                tokio::time::sleep(REQUEST_INTERVAL).await;
            }
            looks
        })
    };
    let clients: Vec<_> = (0..CLIENTS).map(client).collect();
    meanwhile.await;
    let mut looks = 0;
    for client in clients {
        looks += client.await.unwrap();
    }
    looks
}

/// Returns the right responses, from a process that queries the store for each.
async fn answers(world: &World, id: export::id::ExportId) -> Arc<Vec<(String, super::ApiResponse)>> {
    let process = world.process(None);
    let mut answers = Vec::new();
    for path in world.paths(&process, id).await {
        let answer = world.process(None).get(&path).await;
        assert!([200, 307].contains(&answer.status), "{path}: {answer:?}");
        answers.push((path, answer));
    }
    Arc::new(answers)
}

fn print(what: &str, looks: usize, received: &Received, processes: &[Arc<Process>]) {
    println!(
        "{what}: {looks} answers, {} key look-ups, {} other statements",
        received.look_ups,
        received.others.len()
    );
    for (number, process) in processes.iter().enumerate() {
        for layer in process.cache.counts() {
            println!("  process {number}, {}: {:?}", layer.layer, layer.total());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_clients_cause_one_store_query_per_process() {
    let world = World::new().await;
    let expected = answers(&world, world.succeeded().await).await;
    let processes: Vec<_> = (0..2).map(|_| Arc::new(world.process(None))).collect();
    let start = world.statements.now().unwrap();
    for process in &processes {
        for (path, right) in &*expected {
            assert_eq!(process.get(path).await.status, right.status);
        }
    }
    let first = received(&world, start);
    let views = first.others.iter().filter(|s| s.contains("An export and its progress")).count();
    assert_eq!(views, processes.len(), "one look per process at the export itself: {first:?}");

    let start = world.statements.now().unwrap();
    let looks = poll(&processes, &expected, patience(), async {}).await;
    let then = received(&world, start);
    print("memory", looks, &then, &processes);
    assert_eq!(then.others, Vec::<String>::new());
    let most = processes.len() * (usize::try_from(patience().as_secs()).unwrap() + 2);
    assert!(then.look_ups <= most, "one look-up per process and second: {}", then.look_ups);
    // Each client has polled everything repeatedly.
    assert!(looks > expected.len() * CLIENTS, "{looks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_redis_all_processes_query_the_store_once() {
    let Some(redis) = Redis::start() else { return };
    let world = World::new().await;
    let expected = answers(&world, world.succeeded().await).await;
    for _ in 0..TRIES {
        if ask_once(&world, &redis, &expected).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("Redis was not heard in time, {TRIES} times");
}

/// Checks that two new processes get from Redis everything that one process has read, however many clients they have.
/// Returns false if one of the three did not hear Redis within the time limit of a call, which proves nothing on a busy
/// machine.
async fn ask_once(world: &World, redis: &Redis, expected: &Arc<Vec<(String, super::ApiResponse)>>) -> bool {
    let heard = |process: &Process| process.cache.counts()[1].total().errors == 0;
    let first = world.process(Some(redis));
    for (path, _) in &**expected {
        first.get(path).await;
    }
    first.get("/datasets").await;
    let others: Vec<_> = (0..2).map(|_| Arc::new(world.process(Some(redis)))).collect();
    let start = world.statements.now().unwrap();
    let looks = poll(&others, expected, patience(), async {}).await;
    let then = received(world, start);
    print("memory before Redis", looks, &then, &others);
    if !heard(&first) || !others.iter().all(|process| heard(process)) {
        return false;
    }
    assert_eq!(then.others, Vec::<String>::new(), "a result that one process has read is read by no other");
    for process in &others {
        let redis = process.cache.counts()[1].total();
        assert!(redis.hits >= 5 && redis.misses == 0, "{redis:?}");
        assert!(redis.hits <= 7, "each thing once, however many clients wait for it: {redis:?}");
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_stay_correct_when_redis_stops() {
    let Some(redis) = Redis::start() else { return };
    let world = World::new().await;
    let expected = answers(&world, world.succeeded().await).await;
    // A new process begins whenever the outage changes, because its memory would hide the effect of Redis.
    let before: Vec<_> = (0..2).map(|_| Arc::new(world.process(Some(&redis)))).collect();
    let start = Instant::now();
    let looks = poll(&before, &expected, Duration::from_secs(3), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        redis.stop();
        let during: Vec<_> = (0..2).map(|_| Arc::new(world.process(Some(&redis)))).collect();
        let looks = poll(&during, &expected, Duration::from_secs(1), async {}).await;
        println!("without Redis: {looks} answers");
        for process in &during {
            let redis = process.cache.counts()[1].total();
            assert!(redis.errors > 0 && redis.errors < 10, "it is left alone: {redis:?}");
        }
        redis.resume().unwrap();
    })
    .await;
    println!("{looks} answers in {:?}, all of them right", start.elapsed());
    // Redis comes back empty and is used again, by a process that hears it in time.
    eventually("Redis is filled again", async || {
        let after = world.process(Some(&redis));
        for (path, right) in &*expected {
            assert_eq!(after.get(path).await.status, right.status);
        }
        redis.keys().unwrap().len() >= 5
    })
    .await;
}
