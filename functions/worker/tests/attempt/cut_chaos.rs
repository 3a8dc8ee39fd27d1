//! Exports of one instant beside transfers, while workers are killed at random and the snapshot is handed over every second.
//!
//! `SLUICE_CUT_EXPORTS` is the number of exports; `cargo test` makes a few.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use export::plan::Reuse;
use export::range::{RangeKind, Span};
use ports::random;

use crate::crew::Crew;
use crate::cut::{account, close, ended, released, sum, world_of};
use crate::world::{DAYS, FIRST_DAY, World};

/// Tables between which amounts move.
const TABLES: usize = 16;

/// Pause of the writer between two transfers: about 500 a second.
const PAUSE: Duration = Duration::from_millis(2);

fn exports() -> usize {
    std::env::var("SLUICE_CUT_EXPORTS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

fn below(limit: usize) -> usize {
    usize::from(random::bytes::<1>()[0]) % limit
}

/// Moves amounts between random tables until it is stopped.
async fn transfer(
    world: &World,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
) -> tokio::task::JoinHandle<()> {
    let mut writer = world.fresh().await;
    tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            let (from, to, payer, payee) = (below(TABLES), below(TABLES), below(100) + 1, below(100) + 1);
            let transfer = format!(
                "begin; update a{from} set amount = amount - 1 where id = {payer}; \
                 update a{to} set amount = amount + 1 where id = {payee}; commit"
            );
            writer.run(&transfer).await;
            count.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sums_are_exact_whatever_is_killed() {
    let Some(mut world) = world_of(TABLES, "cut_chaos", "3").await else { return };
    world.lease_secs(2, 1);
    // A worker may be killed with a message that it has not leased yet, and this queue delivers no message twice.
    world
        .run("insert into sluice.setting (name, value) values ('relay_secs', '1'), ('resend_secs', '1')")
        .await;
    let (stop, transfers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writer = transfer(&world, stop.clone(), transfers.clone()).await;
    let crew = Arc::new(Crew::start(&world, 3, Duration::from_secs(300)));
    let killer = tokio::spawn({
        let (crew, stop) = (crew.clone(), stop.clone());
        async move {
            while !stop.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(300 + 10 * below(100) as u64)).await;
                crew.kill_nth(below(3));
            }
        }
    });
    let (mut succeeded, mut lost) = (0, 0);
    for _ in 0..exports() {
        let span = Span { kind: RangeKind::Date, start: FIRST_DAY, end: FIRST_DAY + DAYS };
        let request = serde_json::json!({"consistency": "snapshot"});
        let selections = (0..TABLES).map(account).collect();
        let export = world.accept_all(selections, span, Reuse::Never, 1_000, request).await;
        if ended(&mut world, export).await == "succeeded" {
            assert_eq!(sum(&mut world, export).await, 0);
            succeeded += 1;
        } else {
            let codes = format!(
                "select string_agg(distinct failure ->> 'code', ' ') from sluice.missing where export_id = '{export}'"
            );
            assert_eq!(world.one(&codes).await, "cut_lost");
            lost += 1;
        }
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    killer.await.unwrap();
    released(&world).await;
    let cuts = world.one("select string_agg(state || ' ' || n, ', ') from (select state, count(*) as n from sluice.cut group by 1) c").await;
    println!(
        "{succeeded} exports exact, {lost} failed because their snapshot was lost three times; {} transfers; cuts: {cuts}",
        transfers.load(Ordering::Relaxed)
    );
    assert!(succeeded > 0);
    drop(crew);
    close(world).await;
}
