//! A process dies at every point between two steps whose order matters: the table in `functions/lib/export/README.md`.
//!
//! `ports::fault` ends one process at the named point, once. The export is exactly right all the same, and nothing of
//! the dead process is left.

use std::time::{Duration, Instant};

use export::id::{ExportId, hex};
use export::state::ExportStatus;
use ports::fault::Point;
use ports::random;
use serde_json::{Value, json};
use tests::{EVENT_TIMEOUT, Exported, System, eventually, sorted_records};

use crate::grown::{assert_split, grow};
use crate::{SLOW, assert_exact, assert_nothing_else, slow, sweep_until_ended, turn, until_running};

/// Waits until some process has died at the point.
pub(crate) async fn until_dead(system: &System, point: Point) {
    let give_up = Instant::now() + EVENT_TIMEOUT;
    while system.faults().is_armed(point) {
        if Instant::now() > give_up {
            // The processes of the next test must not die.
            system.faults().clear().unwrap();
            panic!("no process came to {point:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Submits until there is a response, always under one key, as a client does that has lost a response.
async fn submit(system: &System, request: &Value) -> ExportId {
    let key = hex(&random::bytes::<8>());
    let give_up = Instant::now() + EVENT_TIMEOUT;
    loop {
        match system.client.submit(request, &key).await {
            Ok(submitted) => {
                let made = format!("select count(*) from sluice.idempotency where key = '{key}'");
                assert_eq!(system.number(&made).await.unwrap(), 1);
                return submitted.export.id;
            }
            Err(error) => assert!(Instant::now() < give_up, "the request is not accepted: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Exports while one process dies at the point. Returns the files.
async fn dies_at(system: &System, point: Point, request: &Value) -> Exported {
    system.faults().arm(point).unwrap();
    let id = submit(system, request).await;
    until_dead(system, point).await;
    let exported = Box::pin(sweep_until_ended(system, id)).await;
    assert_nothing_else(system, &exported).await;
    exported
}

async fn slow_dies_at(point: Point) {
    let (system, _turn) = turn().await;
    let exported = dies_at(system, point, &slow(2)).await;
    assert_exact(system, &exported, "slow", SLOW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_between_accept_and_dispatch_is_recovered() {
    slow_dies_at(Point::Accepted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_between_dispatch_and_send_is_recovered() {
    slow_dies_at(Point::Marked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_after_the_lease_is_recovered() {
    slow_dies_at(Point::Leased).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_during_copy_is_recovered() {
    slow_dies_at(Point::Copying).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_during_upload_is_recovered() {
    let (system, _turn) = turn().await;
    let request = json!({"datasets": ["orders"], "startDate": "2023-10-01", "endDate": "2023-10-30", "compression": "none"});
    let exported = dies_at(system, Point::Uploading, &request).await;
    let rows = "select * from public.orders where created_at >= '2023-10-01 00:00:00+00' and created_at < '2023-10-31 00:00:00+00'";
    assert_exact(system, &exported, "orders", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_between_upload_and_record_is_recovered() {
    slow_dies_at(Point::Uploaded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_between_last_record_and_manifest_is_recovered() {
    slow_dies_at(Point::Recorded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_between_manifest_and_success_is_recovered() {
    slow_dies_at(Point::ManifestPut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_of_a_keeper_is_recovered() {
    let (system, _turn) = turn().await;
    let mut request = slow(2);
    request["consistency"] = "snapshot".into();
    let exported = dies_at(system, Point::Keeping, &request).await;
    assert_exact(system, &exported, "slow", SLOW).await;
    let instant = &exported.manifest.consistency.as_ref().unwrap().as_of;
    let chunks = exported.manifest.datasets.iter().flat_map(|dataset| &dataset.chunks);
    assert!(chunks.into_iter().all(|chunk| chunk.as_of == *instant));
    // None if everything was being read already: a transaction that has imported a snapshot keeps it.
    let losses =
        format!("select cut_losses::int8 from sluice.export where id = '{}'", exported.manifest.export);
    assert!(system.number(&losses).await.unwrap() <= 1);
    let held = "select count(*) from sluice.cut where state in ('opening', 'open')";
    eventually("no snapshot is held", async || system.number(held).await.unwrap() == 0).await;
}

/// Exports rows that were read before, so that the process that dies is about to use the earlier file.
async fn checked_dies_at(point: Point) {
    let (system, _turn) = turn().await;
    let request = json!({"datasets": ["orders"], "startDate": "2023-11-01", "endDate": "2023-11-10"});
    let id = submit(system, &request).await;
    let first = Box::pin(sweep_until_ended(system, id)).await;
    let second = dies_at(system, point, &request).await;
    let records = |exported: &Exported| exported.records("orders").unwrap();
    assert_eq!(sorted_records(&records(&first)), sorted_records(&records(&second)));
    // Nothing has changed, so the next export needs no row.
    let id = submit(system, &request).await;
    Box::pin(sweep_until_ended(system, id)).await;
    let chunks = system.client.export(id).await.unwrap().progress.chunks;
    assert_eq!(chunks.unchanged, chunks.total, "{chunks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_between_check_and_link_is_recovered() {
    checked_dies_at(Point::Checked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_while_an_unchanged_file_is_linked_is_recovered() {
    checked_dies_at(Point::Linking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_during_split_is_recovered() {
    let (system, _turn) = turn().await;
    let request = grow(system).await;
    let exported = dies_at(system, Point::Splitting, &request).await;
    // By the next attempt.
    assert_split(system, &exported).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_while_partitions_are_cut_is_recovered() {
    let (system, _turn) = turn().await;
    // No rows are expected in this year, so it is one chunk, which is cut at the partitions that are found in it.
    let rows = "insert into e2e.slow select 300000 + i, date '2031-03-10' + 60 * (i % 2), 'found ' || i, 0 from generate_series(1, 20) i";
    system.run(rows).await.unwrap();
    let request =
        json!({"datasets": ["slow"], "startDate": "2031-01-01", "endDate": "2031-12-31", "layout": "hive"});
    let exported = dies_at(system, Point::Splitting, &request).await;
    let found = "select id, day, body from e2e.slow where day >= '2031-01-01'";
    assert_exact(system, &exported, "slow", found).await;
    let names: Vec<_> = exported.contents("slow").unwrap().into_iter().map(|(name, _)| name).collect();
    let folders: Vec<_> = names.iter().map(|name| name.rsplit_once('/').unwrap().0).collect();
    assert_eq!(folders, ["slow/month=2031-03", "slow/month=2031-05"]);
    system.run("delete from e2e.slow where id > 300000").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_during_cancellation_is_recovered() {
    let (system, _turn) = turn().await;
    let id = submit(system, &slow(2)).await;
    until_running(system, id).await;
    let chunks = system.client.chunks(id, None).await.unwrap().chunks;
    system.faults().arm(Point::Canceling).unwrap();
    // The process dies in it. The client may have repeated it then, which is safe, as it is here.
    let _ = system.client.cancel(id).await;
    until_dead(system, Point::Canceling).await;
    assert_eq!(system.client.cancel(id).await.unwrap().status, ExportStatus::Canceled);
    for chunk in chunks {
        until_gone(system, &format!("t/demo/c/{}/", chunk.id)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_during_expiry_or_deletion_is_recovered() {
    let (system, _turn) = turn().await;
    // Chunks that no other export has and that are kept only for this one.
    let id = submit(system, &json!({"datasets": ["visits"], "startDate": "2024-01-01", "endDate": "2024-03-31", "compression": "none", "csv": {"null": "in an expiry"}})).await;
    let exported = system.fetch(id).await.unwrap();
    let chunks: Vec<_> = exported.manifest.datasets[0].chunks.iter().map(|chunk| chunk.id).collect();
    let of = format!("(select chunk_id from sluice.link where export_id = '{id}')");
    system.run(&format!("update sluice.chunk set keep_until = now() where id in {of}; update sluice.export set expires_at = now() where id = '{id}'")).await.unwrap();
    for point in [Point::Releasing, Point::Emptied] {
        system.faults().arm(point).unwrap();
        // It dies and reports that, or the scheduled sweep came first.
        let _ = system.x(&["invoke", "sweeper"]);
        until_dead(system, point).await;
    }
    sweeper::sweep(&system.sweeper()).await;
    let status = system.texts(&format!("select status from sluice.export where id = '{id}'")).await.unwrap();
    assert_eq!(status, ["expired"]);
    for chunk in chunks {
        until_gone(system, &format!("t/demo/c/{chunk}/")).await;
    }
    until_gone(system, &format!("t/demo/x/{id}/")).await;
}

/// Sweeps until nothing is below the prefix, finished or not.
async fn until_gone(system: &System, prefix: &str) {
    use ports::objects::Objects;
    let objects = system.objects();
    let copies = "select count(*) from pg_stat_activity where usename = 'sluice_source' and state = 'active' and query like 'copy%'";
    eventually(&format!("nothing is below {prefix}"), async || {
        sweeper::sweep(&system.sweeper()).await;
        let found = objects.list(prefix, None).await.unwrap().keys;
        found.is_empty() && system.number(copies).await.unwrap() == 0
    })
    .await;
    assert_eq!(objects.abort_uploads(prefix).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sweepers_do_every_step_once() {
    let (system, _turn) = turn().await;
    let request = |day: u32| json!({"datasets": ["visits"], "startDate": format!("2024-02-{day:02}"), "endDate": format!("2024-02-{day:02}")});
    let mut old = Vec::new();
    for day in 1..=6 {
        old.push(system.submit(&request(day)).await.unwrap());
    }
    for id in &old {
        system.fetch(*id).await.unwrap();
    }
    // One is complete but not marked as such, one runs, six are to expire.
    system.faults().arm(Point::Recorded).unwrap();
    let over = system
        .submit(&json!({"datasets": ["nothing"], "startDate": "2024-01-01", "endDate": "2024-01-31"}))
        .await
        .unwrap();
    until_dead(system, Point::Recorded).await;
    let running = system.submit(&slow(2)).await.unwrap();
    until_running(system, running).await;
    for id in &old {
        system.run(&format!("update sluice.export set expires_at = now() where id = '{id}'")).await.unwrap();
    }
    let contexts = [system.sweeper(), system.sweeper(), system.sweeper()];
    let (a, b, c) = tokio::join!(
        sweeper::sweep(&contexts[0]),
        sweeper::sweep(&contexts[1]),
        sweeper::sweep(&contexts[2])
    );
    assert_eq!([a, b, c].map(|report| report.failed_steps), [0, 0, 0]);
    for id in old {
        // Read from the store, because the api may return a cached status for a second.
        let status =
            system.texts(&format!("select status from sluice.export where id = '{id}'")).await.unwrap();
        assert_eq!(status, ["expired"]);
    }
    assert_eq!(system.fetch(over).await.unwrap().manifest.rows, 0);
    let exported = sweep_until_ended(system, running).await;
    assert_exact(system, &exported, "slow", SLOW).await;
    assert_nothing_else(system, &exported).await;
}
