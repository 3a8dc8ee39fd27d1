//! A table that grew after it was estimated, and workers that die while its chunk is read and split.

use serde_json::json;

use crate::{assert_exact, kill_workers, sweep_until_ended, turn, until, until_running};

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_twenty_times_too_small_is_split_and_the_union_is_exact() {
    let (system, _turn) = turn().await;
    let grow = "insert into e2e.grown select i, date '2024-01-01' + i % 60, repeat('y', 10000) || i from generate_series(301, 6000) i";
    system.run(grow).await.unwrap();
    let request = json!({"datasets": ["grown"], "startDate": "2024-01-01", "endDate": "2024-02-29"});
    let id = system.submit(&request).await.unwrap();

    until_running(system, id).await;
    kill_workers(system);
    let ended = async { sweep_until_ended(system, id).await };
    let killed = async {
        // The children are being read: links of the parent are theirs now.
        let split = "exists (select from sluice.chunk p where p.dataset = 'grown' and p.state = 'split')";
        until(system, id, &format!("c.state = 'running' and c.as_of is not null and {split}")).await;
        kill_workers(system);
    };
    let (exported, ()) = tokio::join!(ended, killed);

    let of = |what: &str| {
        format!(
            "select count(*) from sluice.attempt a join sluice.chunk c on c.id = a.chunk_id \
             where c.dataset = 'grown' and a.outcome = '{what}'"
        )
    };
    assert!(system.number(&of("split")).await.unwrap() >= 1, "the chunk was split");
    assert!(system.number(&of("lost")).await.unwrap() >= 2, "both kills hit an attempt");
    assert!(exported.manifest.datasets[0].chunks.len() >= 2);
    assert_exact(system, &exported, "grown", "select id, day, body from e2e.grown").await;
    system.run("delete from e2e.grown where id > 300").await.unwrap();
}
