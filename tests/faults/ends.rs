//! Every export ends, whatever sleeps or fails, and keeps the files it has by then.

use export::state::ExportStatus;
use ports::fault::Point;
use serde_json::json;

use crate::asleep::{self, Reading};
use crate::crashes::until_dead;
use crate::{assert_exact, sweep_until_ended, turn, until};

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_chunk_fails_alone_and_retry_reads_only_it() {
    let (system, _turn) = turn().await;
    let good = json!({"datasets": ["poison"], "startDate": "2024-01-01", "endDate": "2024-01-03"});
    system.export(&good).await.unwrap();
    system.run("update e2e.poison set divisor = 0 where id = 5").await.unwrap();

    // The first three days are settled. The rest is a separate chunk with a row that cannot be read.
    let all = json!({"datasets": ["poison", "whole"], "startDate": "2024-01-01", "endDate": "2024-01-10"});
    let id = system.submit(&all).await.unwrap();
    let export = system.wait(id).await.unwrap();
    assert_eq!(export.status, ExportStatus::Failed);
    let [error] = &export.errors[..] else { panic!("one chunk fails: {:?}", export.errors) };
    assert_eq!((error.dataset.as_str(), error.code.as_str(), error.attempts), ("poison", "source_value", 1));
    assert!(error.message.contains("22012") && error.file.is_some(), "{error:?}");
    assert_eq!((export.progress.chunks.done, export.progress.chunks.failed), (2, 1));

    // Good files are listed and can be fetched.
    let files = system.client.files(id, None, true).await.unwrap();
    assert!(!files.complete);
    let names: Vec<_> = files.files.iter().map(|file| file.dataset.as_str()).collect();
    assert_eq!(names, ["poison", "whole"]);
    for file in &files.files {
        let body = reqwest::get(file.link.as_deref().unwrap()).await.unwrap().error_for_status().unwrap();
        assert_eq!(body.bytes().await.unwrap().len() as u64, file.bytes);
    }

    system.run("update e2e.poison set divisor = 1 where id = 5").await.unwrap();
    let before = attempts(system, id).await;
    system.client.retry(id).await.unwrap();
    let exported = system.fetch(id).await.unwrap();
    assert_exact(system, &exported, "poison", "select id, day, 1000 / divisor as share from e2e.poison")
        .await;
    assert_exact(system, &exported, "whole", "select id, label from e2e.whole").await;
    let after = attempts(system, id).await;
    assert_eq!(after.len(), before.len());
    assert_eq!(
        after.iter().filter(|chunk| !before.contains(chunk)).count(),
        1,
        "only the failed chunk is read again"
    );
}

/// Returns chunk and attempt of everything the export has.
async fn attempts(system: &tests::System, id: export::id::ExportId) -> Vec<String> {
    let of = format!(
        "select c.id || ' ' || c.attempt from sluice.link l join sluice.chunk c on c.id = l.chunk_id where l.export_id = '{id}' order by 1"
    );
    system.texts(&of).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn cancellation_stops_a_reading_worker() {
    let (system, _turn) = turn().await;
    let request = asleep::add(system).await;
    let id = system.submit(&request).await.unwrap();
    let reading = Reading::of(system, id).await;
    let before = system.processes("worker").unwrap();
    let chunk = system.client.chunks(id, None).await.unwrap().chunks[0].id;
    assert_eq!(system.client.cancel(id).await.unwrap().status, ExportStatus::Canceled);
    reading.has_ended(system).await;
    let after = system.processes("worker").unwrap();
    assert!(before.iter().any(|pid| after.contains(pid)), "the worker itself lives on");
    let outcome = format!("select outcome from sluice.attempt where chunk_id = '{chunk}'");
    assert_eq!(system.texts(&outcome).await.unwrap(), ["canceled"]);
    asleep::remove(system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deadline_applies_without_a_sweep() {
    let (system, _turn) = turn().await;
    // Its chunk of `slow` is not read to its end before the deadline, however long all of this takes.
    asleep::add(system).await;
    let request = json!({"datasets": ["whole", "slow"], "startDate": "2024-01-01", "endDate": "2024-01-05"});
    let id = system.submit(&request).await.unwrap();
    until(system, id, "c.dataset = 'whole' and c.state = 'done'").await;
    until(system, id, "c.dataset = 'slow' and c.state = 'running' and c.as_of is not null").await;
    let pass =
        format!("update sluice.export set deadline_at = now() - interval '1 second' where id = '{id}'");
    system.run(&pass).await.unwrap();

    let failed = client::ExportFilter { status: Some(ExportStatus::Failed), ..Default::default() };
    let listed = system.client.exports(&failed, None).await.unwrap();
    assert!(listed.exports.iter().any(|export| export.id == id), "the list agrees");
    let export = system.client.export(id).await.unwrap();
    assert_eq!(export.status, ExportStatus::Failed);
    let [error] = &export.errors[..] else { panic!("{:?}", export.errors) };
    assert_eq!((error.dataset.as_str(), error.code.as_str()), ("slow", "deadline"));
    assert!(export.ended_at.is_some() && export.expires_at.is_some());
    let files = system.client.files(id, None, false).await.unwrap();
    assert_eq!((files.complete, files.files.len(), files.files[0].dataset.as_str()), (false, 1, "whole"));
    assert!(system.client.manifest(id).await.is_err());

    // It stays so, whatever the worker still does. A retry has its own deadline.
    asleep::wake(system).await;
    system.client.retry(id).await.unwrap();
    let exported = sweep_until_ended(system, id).await;
    assert_exact(system, &exported, "slow", "select id, day, body from e2e.slow").await;
    asleep::remove(system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn export_read_before_its_deadline_succeeds_without_a_sweep() {
    let (system, _turn) = turn().await;
    // Other tests read the same rows: as they are now, they would only be checked.
    system.run("update e2e.whole set label = label").await.unwrap();
    system.faults().arm(Point::Recorded).unwrap();
    let request = json!({"datasets": ["whole"], "startDate": "2024-01-01", "endDate": "2024-01-04"});
    let id = system.submit(&request).await.unwrap();
    until_dead(system, Point::Recorded).await;
    let pass =
        format!("update sluice.export set deadline_at = now() - interval '1 second' where id = '{id}'");
    system.run(&pass).await.unwrap();
    assert_eq!(system.client.export(id).await.unwrap().status, ExportStatus::Succeeded);
    let exported = system.fetch(id).await.unwrap();
    assert_exact(system, &exported, "whole", "select id, label from e2e.whole").await;
}
