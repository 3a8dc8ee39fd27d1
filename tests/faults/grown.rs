//! A table that grew after it was estimated, and workers that die while its chunk is read and split.

use ports::fault::Point;
use serde_json::json;

use crate::crashes::until_dead;
use crate::{assert_exact, sweep_until_ended, turn};

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_twenty_times_too_small_is_split_and_the_union_is_exact() {
    let (system, _turn) = turn().await;
    let grow = "insert into e2e.grown select i, date '2024-01-01' + i % 60, repeat('y', 10000) || i from generate_series(301, 6000) i";
    system.run(grow).await.unwrap();
    let of = |what: &str| {
        format!(
            "select count(*) from sluice.attempt a join sluice.chunk c on c.id = a.chunk_id \
             where c.dataset = 'grown' and a.outcome = '{what}'"
        )
    };
    let before = [system.number(&of("split")).await.unwrap(), system.number(&of("lost")).await.unwrap()];

    // The first worker dies in the middle of the COPY.
    system.faults().arm(Point::Copying).unwrap();
    let request = json!({"datasets": ["grown"], "startDate": "2024-01-01", "endDate": "2024-02-29"});
    let id = system.submit(&request).await.unwrap();
    until_dead(system, Point::Copying).await;
    // The second one splits, so whoever comes to the end of an upload reads a child, and dies there.
    system.faults().arm(Point::Uploaded).unwrap();
    let (exported, ()) = tokio::join!(sweep_until_ended(system, id), until_dead(system, Point::Uploaded));

    assert!(system.number(&of("split")).await.unwrap() > before[0], "the chunk was split");
    assert_eq!(system.number(&of("lost")).await.unwrap(), before[1] + 2, "both deaths cost an attempt");
    assert!(exported.manifest.datasets[0].chunks.len() >= 2);
    assert_exact(system, &exported, "grown", "select id, day, body from e2e.grown").await;
    system.run("delete from e2e.grown where id > 300").await.unwrap();
}
