//! A table that grew after it was estimated, and workers that die while its chunk is read and split.

use export::state::AttemptOutcome;
use ports::fault::Point;
use serde_json::{Value, json};
use tests::{Exported, System};

use crate::crashes::until_dead;
use crate::{assert_exact, sweep_until_ended, turn};

/// Makes the table twenty times as large as its estimate. Returns the request for all of it.
pub(crate) async fn grow(system: &System) -> Value {
    let more = "insert into e2e.grown select i, date '2024-01-01' + i % 60, repeat('y', 10000) || i from generate_series(301, 6000) i";
    system.run(more).await.unwrap();
    json!({"datasets": ["grown"], "startDate": "2024-01-01", "endDate": "2024-02-29"})
}

/// Checks that there are several chunks and that their files hold exactly the rows of the table, then restores the
/// table.
pub(crate) async fn assert_split(system: &System, exported: &Exported) {
    assert!(exported.manifest.datasets[0].chunks.len() >= 2, "it was split");
    assert_exact(system, exported, "grown", "select id, day, body from e2e.grown").await;
    system.run("delete from e2e.grown where id > 300").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn underestimated_chunk_is_split_and_its_union_is_exact() {
    let (system, _turn) = turn().await;
    let request = grow(system).await;

    // The first worker dies in the middle of the COPY.
    system.faults().arm(Point::Copying).unwrap();
    let id = system.submit(&request).await.unwrap();
    until_dead(system, Point::Copying).await;
    let planned = system.client.chunks(id, None).await.unwrap().chunks;
    assert_eq!(planned.len(), 1, "the estimate knows nothing of it");
    // The second worker splits, so the next worker that reaches the end of an upload reads a child, and dies there.
    system.faults().arm(Point::Uploaded).unwrap();
    let dies = async {
        until_dead(system, Point::Uploaded).await;
        // Checked here, because the row is deleted once no worker can write for it any more.
        let of = format!(
            "select outcome from sluice.attempt where chunk_id = '{}' order by number",
            planned[0].id
        );
        assert_eq!(system.texts(&of).await.unwrap(), ["lost", "split"]);
    };
    let (exported, ()) = tokio::join!(sweep_until_ended(system, id), dies);

    let children = system.client.chunks(id, None).await.unwrap().chunks;
    let lost = children
        .iter()
        .flat_map(|chunk| &chunk.attempts)
        .filter(|one| one.outcome == Some(AttemptOutcome::Lost));
    assert_eq!(lost.count(), 1, "the second death cost an attempt of a child");
    assert_split(system, &exported).await;
}
