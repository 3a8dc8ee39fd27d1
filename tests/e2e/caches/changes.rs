//! Changes to ended exports: visible at once to the client that made the change, and to all others within the time for
//! which a key is cached, whatever the caches hold.

use std::time::{Duration, Instant};

use export::failure::{Failure, FailureCode};
use export::id::ExportId;
use export::state::ExportStatus;
use export::usage::Usage;
use serde_json::Value;
use store::PlanLimits;
use tests::{Redis, eventually};

use super::{ApiResponse, KEYS, Process, World};
use crate::fixture::{LEASE_SECS, TARGET, new_export, note, retry_terms, target};

/// Returns two processes that have shown the export.
async fn two(world: &World, redis: Option<&Redis>, id: ExportId) -> (Process, Process) {
    let (one, other) = (world.process(redis), world.process(redis));
    for process in [&one, &other] {
        for path in world.paths(process, id).await {
            assert!(process.get(&path).await.status < 400, "{path}");
        }
    }
    (one, other)
}

/// Checks that after a change the process returns the right response as soon as keys are no longer cached.
async fn soon(process: &Process, path: &str, is_right: impl Fn(&ApiResponse) -> bool) {
    let changed = Instant::now();
    loop {
        // The time of the request counts, not the time of the response.
        let asked = changed.elapsed();
        let answer = process.get(path).await;
        if is_right(&answer) {
            return;
        }
        assert!(asked < KEYS, "{path}, {asked:?} after the change: {answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Does the same for a resource that is gone, and checks that it stays gone.
async fn soon_gone(process: &Process, path: &str) {
    soon(process, path, |answer| answer.status == 404).await;
    assert_eq!(process.get(path).await.status, 404, "{path}");
}

async fn deleted_is_gone(redis: Option<&Redis>) {
    let world = World::new().await;
    let id = world.succeeded().await;
    let (one, other) = two(&world, redis, id).await;
    let paths = world.paths(&one, id).await;
    assert_eq!(one.send("DELETE", &paths[0], None).await.status, 204);
    for path in &paths {
        assert_eq!(one.get(path).await.status, 404, "{path}: at once where it was deleted");
    }
    for path in &paths {
        soon_gone(&other, path).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_export_is_gone_for_every_process() {
    deleted_is_gone(None).await;
    if let Some(redis) = Redis::start() {
        deleted_is_gone(Some(&redis)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_during_a_redis_outage_is_not_undone() {
    let Some(redis) = Redis::start() else { return };
    let world = World::new().await;
    let id = world.succeeded().await;
    // If a call to Redis takes too long on this machine, the process does without Redis for a while.
    let holds = async || {
        two(&world, Some(&redis), id).await;
        redis.keys().unwrap().iter().any(|key| key.contains(&id.to_string()))
    };
    eventually("Redis holds the export", holds).await;
    let (one, other) = two(&world, Some(&redis), id).await;
    let paths = world.paths(&one, id).await;
    redis.hold(true);
    assert_eq!(one.send("DELETE", &paths[0], None).await.status, 204);
    soon_gone(&other, &paths[0]).await;
    redis.hold(false);
    assert!(
        redis.keys().unwrap().iter().any(|key| key.contains(&id.to_string())),
        "it still holds the export"
    );
    tokio::time::sleep(Duration::from_secs(4)).await;
    let fresh = world.process(Some(&redis));
    for process in [&one, &other, &fresh] {
        for path in &paths {
            assert_eq!(process.get(path).await.status, 404, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extended_export_shows_its_new_expiry() {
    let world = World::new().await;
    let id = world.succeeded().await;
    world.database.run("update sluice.export set expires_at = now() + interval '1 hour'").await.unwrap();
    let (one, other) = two(&world, None, id).await;
    let path = format!("/exports/{id}");
    let expires =
        |body: &str| serde_json::from_str::<Value>(body).unwrap()["expiresAt"].as_str().unwrap().to_owned();
    let before = one.get(&path).await;
    let extended = one.send("POST", &format!("{path}/extend"), None).await;
    assert_eq!(extended.status, 200, "{extended:?}");
    let after = one.get(&path).await;
    assert_eq!(expires(&after.body), expires(&extended.body));
    assert!(expires(&after.body) > expires(&before.body));
    assert_eq!(
        one.send("GET", &path, Some(&before.etag)).await.status,
        200,
        "the old tag is not the new answer's"
    );
    soon(&other, &path, |answer| *answer == after).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_does_not_show_expired_exports() {
    let world = World::new().await;
    let id = world.succeeded().await;
    let path = format!("/exports/{id}");
    let process = shown_from_memory(&world, &path).await;
    // Expired by at least a second.
    let past =
        "select count(*) from sluice.export where expires_at < clock_timestamp() - interval '1 second'";
    eventually("its time is over", async || world.database.number(past).await.unwrap() == 1).await;
    process.get(&path).await;
    process.get(&path).await;
    assert_eq!(process.cache.counts()[0].total().hits, 1, "past its expiry nothing of it is kept");
    assert!(world.store.expire(id).await.unwrap());
    let expired = process.get(&path).await;
    assert!(expired.body.contains("\"expired\""), "{expired:?}");
    soon_gone(&process, &format!("{path}/manifest")).await;
}

/// Returns a process that has shown the only export once from the store and once from its memory, before it expires.
/// The expiry is soon, but later in each attempt until this machine is fast enough.
async fn shown_from_memory(world: &World, path: &str) -> Process {
    for secs in [1, 2, 4, 8, 16, 32, 64] {
        let later =
            format!("update sluice.export set expires_at = clock_timestamp() + interval '{secs} seconds'");
        world.database.run(&later).await.unwrap();
        let process = world.process(None);
        let first = process.get(path).await;
        let entry = process.cache.counts()[0].total();
        assert_eq!((entry.hits, entry.misses), (0, 1));
        let second = process.get(path).await;
        if process.cache.counts()[0].total().hits == 1 {
            assert_eq!((first.status, &first), (200, &second));
            return process;
        }
    }
    panic!("it is never kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_export_is_never_shown_as_failed() {
    let world = World::new().await;
    let targets = vec![target(&world.tenant, "orders", 0, 100, 1)];
    let new = new_export(&world.tenant, targets.clone());
    world.store.accept(&new).await.unwrap();
    let chunk = world.store.dispatch().await.unwrap()[0];
    let attempt = world.store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
    assert!(note(&world.store, &attempt).await);
    let failure = Failure::new(FailureCode::SourcePermission, "no");
    world.store.fail(chunk, attempt.number, &failure, &Usage::default()).await.unwrap();
    store::finish::run(&world.store, &ports::objects::MemoryObjects::default(), new.id).await.unwrap();
    let process = world.process(None);
    let path = format!("/exports/{}", new.id);
    let status =
        |body: &str| serde_json::from_str::<Value>(body).unwrap()["status"].as_str().unwrap().to_owned();
    assert_eq!(status(&process.get(&path).await.body), ExportStatus::Failed.as_str());
    // By a client that uses another process.
    let limits = PlanLimits { target_bytes: TARGET, max_chunks: 1000 };
    world.store.retry(&world.tenant, new.id, &targets, "r", &retry_terms(limits)).await.unwrap();
    assert_eq!(status(&process.get(&path).await.body), ExportStatus::Queued.as_str(), "at once");
}
