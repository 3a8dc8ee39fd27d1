//! Redis stops and comes back while many clients poll an ended export through the real API.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::ETAG;
use serde_json::json;
use tests::{Statements, System};

use super::turn;

const CLIENTS: usize = 50;

/// Time between two requests of one client.
const REQUEST_INTERVAL: Duration = Duration::from_millis(200);

/// Returns the duration of polling before, during and after the outage: two seconds, or `SLUICE_POLL_SECS`.
fn patience() -> Duration {
    let secs = std::env::var("SLUICE_POLL_SECS").ok().and_then(|secs| secs.parse().ok());
    Duration::from_secs(secs.unwrap_or(2))
}

/// Makes all clients poll for that time. Each response must be the right one.
async fn poll(system: &System, path: &str, right: &Arc<(String, String)>) -> usize {
    let until = Instant::now() + patience();
    let (url, http) = (format!("{}{path}", system.stack.url), reqwest::Client::new());
    let client = |number: usize| {
        let (url, http, key, right) = (url.clone(), http.clone(), system.stack.key.clone(), right.clone());
        tokio::spawn(async move {
            let (etag, body) = &*right;
            let mut looks = 0;
            while Instant::now() < until {
                let mut request = http.get(&url).bearer_auth(&key);
                if number.is_multiple_of(2) {
                    request = request.header("if-none-match", etag);
                }
                let response = request.send().await.unwrap();
                assert_eq!(response.headers()[ETAG], *etag);
                if number.is_multiple_of(2) {
                    assert_eq!(response.status(), 304);
                } else {
                    assert_eq!((response.status().as_u16(), &response.text().await.unwrap()), (200, body));
                }
                looks += 1;
                tokio::time::sleep(REQUEST_INTERVAL).await;
            }
            looks
        })
    };
    let clients: Vec<_> = (0..CLIENTS).map(client).collect();
    let mut looks = 0;
    for client in clients {
        looks += client.await.unwrap();
    }
    looks
}

/// Counts reads of an export in the store, and key look-ups.
fn reads_and_look_ups(statements: &Statements, since: u64) -> (usize, usize) {
    let received = statements.since(since).unwrap();
    let count = |text: &str| received.iter().filter(|statement| statement.contains(text)).count();
    (count("An export and its progress"), count("sluice.api_key"))
}

#[tokio::test(flavor = "multi_thread")]
async fn api_answers_stay_correct_while_redis_restarts() {
    let (system, _turn) = turn().await;
    let request = json!({"datasets": ["whole"], "startDate": "2024-01-01", "endDate": "2024-01-02"});
    let id = system.submit(&request).await.unwrap();
    system.wait(id).await.unwrap();
    let statements = Statements::of_store(system).await.unwrap();
    let path = format!("/exports/{id}");
    let first = reqwest::Client::new().get(format!("{}{path}", system.stack.url));
    let first = first.bearer_auth(&system.stack.key).send().await.unwrap();
    let etag = first.headers()[ETAG].to_str().unwrap().to_owned();
    let right = Arc::new((etag, first.text().await.unwrap()));

    // Each process of the api may query the store once: one that the emulator has just started, at first or later, may
    // find no Redis, or not hear it in time on this machine. No other process does, whatever the state of Redis.
    let mut processes = BTreeSet::from_iter(system.processes("api").unwrap());
    let mut all_views = 0;
    for what in ["start", "keep on", "stop", "restart"] {
        let start = statements.now().unwrap();
        if ["stop", "restart"].contains(&what) {
            system.x(&[what, "redis"]).unwrap();
        }
        let looks = poll(system, &path, &right).await;
        let (views, keys) = reads_and_look_ups(&statements, start);
        println!("{what}: {looks} answers, {views} looks at the store, {keys} key look-ups");
        processes.extend(system.processes("api").unwrap());
        all_views += views;
        let most = processes.len();
        assert!(all_views <= most, "{what}: {all_views} looks at the store by {most} processes so far");
    }
}
